#!/bin/sh
# sh tools/install.sh FOLDER REQUIREMENTS: a virtual environment in FOLDER with the packages that REQUIREMENTS pins.
# Runs again over an existing one. Needs Python 3.11 or newer; says in one line what is missing.
set -eu

folder=$1
requirements=$2

say() { printf 'make install: %s\n' "$1" >&2; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    # The plain name first: it is the one that the user chose. A named version helps where that one is old.
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if is_new_enough "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    say "needs Python 3.11 or newer (Debian: apt-get install python3 python3-venv; macOS: brew install python@3.12)"
    exit 1
}

make_environment() {
    "$1" -m venv "$folder" >/dev/null 2>&1 && return
    # Debian keeps venv and ensurepip in a package of their own.
    package=$("$1" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        say "installing $package with apt-get"
        apt-get -qq update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "$package" >/dev/null
        rm -rf "$folder"
        "$1" -m venv "$folder" && return
    fi
    rm -rf "$folder"
    say "could not make a virtual environment: install $package (Debian, Ubuntu) or Python's venv module, then run make again"
    exit 1
}

# A folder that was moved or whose Python is gone is made anew.
if ! is_new_enough "$folder/bin/python" || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    rm -rf "$folder"
    say "making $folder with $("$python" --version)"
    make_environment "$python"
fi

install() { "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

say "installing $requirements into $folder"
# torch first and alone: where an index offers several builds of it, pip would weigh them against everything else and
# may fetch gigabytes that no processor needs.
torch=$(sed -n 's/^\(torch==[^ ]*\).*/\1/p' "$requirements" requirements.txt | head -n 1)
if [ -n "$torch" ] && ! install "$torch"; then
    say "pip could not install $torch; its message stands above"
    exit 1
fi
if ! install --requirement "$requirements"; then
    say "pip could not install $requirements; its message stands above"
    exit 1
fi
