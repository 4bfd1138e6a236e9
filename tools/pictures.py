"""Takes the pictures of docs/pictures from a running demo: real pages, phone and desktop, light and dark.

    make demo                                   (in another terminal)
    .venv/bin/python -m tools.pictures OWNER_LINK RATER_LINK [NAME …]

Needs the packages of `make test`. The links are the ones that the demo printed. Names take these pictures alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from tests.services.chromium import find_chromium, launch_arguments

OPEN_STUDY = "common-sense-1"
FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZES = {"desktop": (1280, 860), "phone": (390, 844)}

#: Name of the picture, address of the page.
STAFF_PAGES = {
    "studies": "/",
    "study": "/studies/common-sense-1/",
    "results": "/studies/word-problems-1/results/?raters=simulated",
    "quality": "/studies/word-problems-1/quality/?raters=simulated",
    "designer": "/studies/new/?dataset=word-problems",
    "questions": "/datasets/word-problems/",
    "question": "/datasets/word-problems/questions/wp-001/",
    "run": "/runs/1/",
    "evaluation": "/evaluations/1/",
    "candidate": "/candidates/1/",
    "model": "/models/star-1/",
}


def open_page(browser: Browser, size: str, scheme: str) -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        has_touch=size == "phone",
        device_scale_factor=1,
    )
    return context.new_page()


def sign_in(page: Page, link: str) -> None:
    page.goto(link)
    page.locator("main form button").first.click()
    page.wait_for_load_state("networkidle")


#: The names that were asked for; empty: all of them.
WANTED: list[str] = []


def wanted(name: str) -> bool:
    return not WANTED or name in WANTED


def take(page: Page, name: str, size: str, scheme: str) -> None:
    if not wanted(name):
        return
    path = FOLDER / f"{name}-{size}-{scheme}.png"
    page.screenshot(path=path)
    print(path.relative_to(FOLDER.parent.parent))


def open_club(page: Page, base: str) -> str:
    """Opens a paper club over the demo's open study, rates a round on three phones, shows the votes; its code.

    Takes the phones' pictures on the way: the card form with places given, and the votes.
    """
    page.goto(f"{base}/studies/{OPEN_STUDY}/clubs/")
    page.get_by_role("button", name="Open a club").click()
    code = urlsplit(page.url).path.split("/")[2]
    browser = page.context.browser
    assert browser is not None
    schemes = ("light", "dark", "light")
    phones = [open_page(browser, "phone", scheme) for scheme in schemes]
    for phone in phones:
        phone.goto(f"{base}/club/{code}/")
        phone.get_by_role("button", name="Take part").click()
    page.get_by_role("button", name="Start round 1").click()
    for number, (phone, scheme) in enumerate(zip(phones, schemes, strict=True)):
        phone.locator("[data-card]").first.wait_for()
        # Two like what is said at length, the last one what is short.
        lengths = [len(card.inner_text()) for card in phone.locator("[data-card]").all()]
        for position in sorted(range(3), key=lambda card: lengths[card], reverse=number < 2):
            phone.locator("[data-card]").nth(position).locator("h2").click()
        phone.evaluate("scrollTo(0, 0)")
        if number < 2:
            take(phone, "club", "phone", scheme)
        phone.get_by_role("button", name="Send my vote").click()
        phone.get_by_role("heading", name="Your vote is in").wait_for()
    page.get_by_role("button", name="Show the votes").click()
    for phone, scheme in zip(phones[:2], schemes, strict=False):
        phone.get_by_role("heading", name="3 votes").wait_for()
        take(phone, "votes", "phone", scheme)
    page.wait_for_load_state("networkidle")
    return code


def main() -> None:
    owner_link, rater_link, *names = sys.argv[1:]
    WANTED.extend(names)
    base = "{0.scheme}://{0.netloc}".format(urlsplit(owner_link))
    FOLDER.mkdir(parents=True, exist_ok=True)
    program = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=None if program is None else str(program), args=launch_arguments()
        )
        staff = open_page(browser, "desktop", "light")
        sign_in(staff, owner_link)  # works once: the other pages borrow its cookies
        cookies = staff.context.cookies()
        club = open_club(staff, base) if any(map(wanted, ("club", "votes", "wall"))) else ""
        for size in SIZES:
            for scheme in ("light", "dark"):
                page = open_page(browser, size, scheme)
                page.context.add_cookies(cookies)  # type: ignore[arg-type]  # playwright types its own output otherwise
                for name, address in filter(lambda one: wanted(one[0]), STAFF_PAGES.items()):
                    page.goto(base + address)
                    page.wait_for_load_state("networkidle")
                    take(page, name, size, scheme)
                if club:
                    page.goto(f"{base}/club/{club}/wall/")
                    take(page, "wall", size, scheme)
                if not wanted("desk"):
                    continue
                desk = open_page(browser, size, scheme)
                sign_in(desk, rater_link)
                if size == "desktop":
                    for key in ("3", "1"):
                        desk.keyboard.press(key)
                take(desk, "desk", size, scheme)
        browser.close()


if __name__ == "__main__":
    main()
