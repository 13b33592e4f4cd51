# Installs bouncelib and the program of the page in the copy of the machine and what both `start`s use. Needs: LIVE_PYTHON,
# LIVE_SITE, LIVE_PACKAGE, docs.
readable() { # readable PATH: lets every user reach it, in the copy alone
  path=$1
  while [ "$path" != / ]; do chmod a+rx "$path" 2>/dev/null || true; path=$(dirname "$path"); done
}
# What `pip install bouncelib` would do, with the package under test: nothing can be fetched here.
"$LIVE_PYTHON" -m venv --without-pip /usr/local/lib/bouncelib
site=$(/usr/local/lib/bouncelib/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r "$LIVE_SITE"/. "$site"
cp -rT "$LIVE_PACKAGE" "$site/bouncelib"
readable "$(dirname "$(readlink -f /usr/local/lib/bouncelib/bin/python)")"
install -m 755 "$docs/examples/read-bounces" /usr/local/bin/read-bounces
page() { "$LIVE_PYTHON" "$server/../page.py" "$docs/$1" ; }
# until_true COMMAND...: waits for it, 20 seconds at most.
until_true() { for _ in $(seq 40); do "$@" 2>/dev/null && return 0; sleep 0.5; done; echo "not within 20 seconds: $*" >>/mnt/failed; exit 1; }
noted() { [ "$(wc -l </var/lib/bounces/bounces.jsonl)" -ge "$1" ]; }
# drained COMMAND...: whether the list of the queue that COMMAND prints is empty; it is kept as it was last.
drained() { "$@" >/mnt/queue && { [ ! -s /mnt/queue ] || grep -qx 'Mail queue is empty' /mnt/queue; }; }
kept() { [ "$(ls /var/lib/bounces/others/new | wc -l)" -ge "$1" ]; }
letter() { printf 'From: Ann <ann@library.example>\nTo: news-bounces@store.example\nSubject: Thank you\n\nA nice letter.\n'; }
# news NAME: a message for the one recipient of a scenario.
to() { words "next(one for one in scenarios.SCENARIOS if one.name == '$1').to[0]"; }
news() { printf 'From: news@store.example\nTo: %s\nSubject: News\n\nWhat is new.\n' "$(to "$1")"; }
