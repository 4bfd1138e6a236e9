"""Visits every page of a running demo as a person would: follows every link, rates a triple without JavaScript."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

#: Thousands of candidates have a page each, made by one template. Every kind of page is visited.
PAGES_OF_A_KIND = 60
_SIGNED_OUT = re.compile(r"/accounts/(logout|login)|/join/")


class _Page(HTMLParser):
    """What a visitor needs of a page: its links, and its forms' fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[Form] = []
        self.has_heading = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "h1":
            self.has_heading = True
        elif tag == "a" and values.get("href") or tag == "link" and values.get("rel") == "stylesheet":
            self.links.append(values["href"])
        elif tag in ("script", "img") and values.get("src"):
            self.links.append(values["src"])
        elif tag == "form":
            self.forms.append(
                Form(action=values.get("action", ""), method=values.get("method", "get").lower())
            )
        elif tag in ("input", "button", "textarea", "select") and self.forms:
            self.forms[-1].add(tag, values)


@dataclass(slots=True)
class Form:
    """A form as it was served: hidden fields with their values, radio groups with their choices."""

    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict)
    radios: dict[str, list[str]] = field(default_factory=dict)

    def add(self, tag: str, values: dict[str, str]) -> None:
        name, kind = values.get("name", ""), values.get("type", "")
        if tag == "input" and kind == "hidden":
            self.hidden[name] = values.get("value", "")
        elif tag == "input" and kind == "radio":
            self.radios.setdefault(name, []).append(values.get("value", ""))


class Visitor:
    """A browser without JavaScript: cookies, redirects, forms."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.visited = 0
        self.problems: list[str] = []

    def fetch(self, url: str, data: dict[str, str] | None = None) -> tuple[str, str]:
        """(final address, text) of a page; a problem is noted and gives an empty text."""
        url = urllib.parse.urljoin(self.base, url)
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        headers = {"Origin": self.base} if data is not None else {}
        self.visited += 1
        try:
            request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 - the demo's own address
            with self.opener.open(request, timeout=30) as response:
                return response.geturl(), response.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            self.problems.append(f"{'POST' if data is not None else 'GET'} {url} -> {error.code}")
        except OSError as error:
            self.problems.append(f"{url}: {error}")
        return url, ""

    def sign_in(self, link: str) -> tuple[str, str]:
        """Opens a sign-in link and presses its button."""
        url, html = self.fetch(link)
        forms = [form for form in _Page(html).forms if form.method == "post"]
        if not forms:
            self.problems.append(f"{url}: the sign-in link shows no button")
            return url, ""
        return self.fetch(urllib.parse.urljoin(url, forms[0].action), forms[0].hidden)

    def crawl(self, start: str) -> None:
        """Follows every link of this site, each once, as far as they lead; of pages of one kind the first ones."""
        waiting, seen, of_a_kind = [start], {start}, Counter[str]()
        while waiting:
            url, text = self.fetch(waiting.pop(0))
            if not text.lstrip().lower().startswith("<!doctype"):
                continue
            page = _Page(text)
            # Swagger writes its heading by script.
            if not page.has_heading and "/api/docs/" not in url:
                self.problems.append(f"{url}: no heading")
            for link in page.links:
                target = urllib.parse.urldefrag(urllib.parse.urljoin(url, link)).url
                if not target.startswith(self.base) or target in seen or _SIGNED_OUT.search(target):
                    continue
                seen.add(target)
                of_a_kind[kind_of(target)] += 1
                if of_a_kind[kind_of(target)] <= PAGES_OF_A_KIND:
                    waiting.append(target)


def kind_of(url: str) -> str:
    """The address with its numbers and values left out: what one template makes."""
    parts = urllib.parse.urlsplit(url)
    names = sorted(name for name, _ in urllib.parse.parse_qsl(parts.query))
    return f"{re.sub(r'[0-9]+', '0', parts.path)}?{'&'.join(names)}"


def check_site(base: str, *, owner_link: str, rater_link: str) -> tuple[int, list[str]]:
    """Visits everything; returns how many pages and acts there were, and what was wrong with them."""
    staff = Visitor(base)
    staff.sign_in(owner_link)
    staff.crawl(f"{base}/")
    for page in ("/style-guide/", "/api/docs/", "/healthz", "/people/", "/people/tokens/", "/audit/"):
        staff.fetch(page)
    _check_schema(staff)
    rater = Visitor(base)
    _rate_once(rater, rater_link)
    return staff.visited + rater.visited, staff.problems + rater.problems


def _check_schema(staff: Visitor) -> None:
    _, text = staff.fetch("/api/schema/?format=json")
    if text and "/api/v1/assignments/{token}/rating/" not in json.loads(text).get("paths", {}):
        staff.problems.append("/api/schema/: the rater's loop is not described")


def _rate_once(rater: Visitor, link: str) -> None:
    """Signs in as a rater, ranks the first triple with the form alone, and looks at the pages around it."""
    url, html = rater.sign_in(link)
    forms = [form for form in _Page(html).forms if len(form.radios) >= 3]
    if not forms:
        rater.problems.append(f"{url}: no triple to rank")
        return
    form = forms[0]
    ranks = {name: values[place] for place, (name, values) in enumerate(sorted(form.radios.items())[:3])}
    after, text = rater.fetch(urllib.parse.urljoin(url, form.action), {**form.hidden, **ranks})
    if text and not [form for form in _Page(text).forms if len(form.radios) >= 3]:
        rater.problems.append(f"{after}: no next triple after a rating")
    for page in _Page(text).links:
        target = urllib.parse.urljoin(after, page)
        if target.startswith(rater.base):
            rater.fetch(target)
