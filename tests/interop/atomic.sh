#!/usr/bin/env bash
# A save that fails or is killed leaves the old file bit-equal, on file systems and as users that
# only the superuser can arrange. Whatever cannot be arranged is a failure, not a skip.
#
#   tests/interop/atomic.sh         as root, or with sudo
#
# HORNFELS   the binary (default: built here with --release)
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" != 0 ]; then
    exec sudo --preserve-env=HORNFELS,HORNFELS_ORACLES,PATH,CARGO_HOME,RUSTUP_HOME "$0" "$@"
fi
if [ -z "${HORNFELS:-}" ]; then
    cargo build --quiet --locked --release
    HORNFELS=target/release/hornfels
fi
HORNFELS=$(realpath "$HORNFELS")
python=${HORNFELS_ORACLES:-target/oracles}/k2/bin/python

work=$(mktemp -d)
mounts=()
clean() {
    for mount in "${mounts[@]}"; do umount "$mount"; done
    rm -rf "$work"
}
trap clean EXIT
failures=0
ok() { printf 'ok      %s\n' "$1"; }
fail() { printf 'FAILED  %s\n' "$1"; failures=$((failures + 1)); }

# Two models of the same kind, 33 MB each, whose weights differ.
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= "$python" -W ignore - "$work" <<'END'
import sys
import numpy as np
from tensorflow import keras

for name, seed in (("old", 1), ("new", 2)):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input([2048]), keras.layers.Dense(2048), keras.layers.Dense(2048)])
    model.save(f"{sys.argv[1]}/{name}.h5", save_format="h5")
END
# What a completed save of each is, byte for byte.
for name in old new; do
    "$HORNFELS" convert "$work/$name.h5" "$work/$name-saved.h5" --quiet
done
cmp -s "$work/old-saved.h5" "$work/new-saved.h5" && fail "the two models are equal, which proves nothing"

# left NAME DIRECTORY: the old file is as it was and alone, apart from what is listed behind
left() {
    local name=$1 directory=$2 found
    shift 2
    if ! cmp -s "$work/old-saved.h5" "$directory/model.h5"; then
        fail "$name: the old file changed"
        return
    fi
    found=$(cd "$directory" && find . -mindepth 1 | sort | tr '\n' ' ')
    if [ "$found" = "$(printf './%s ' model.h5 "$@" | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/^ //')" ]; then
        ok "$name"
    else
        fail "$name: left behind: $found"
    fi
}

# refused NAME MESSAGE COMMAND...: the command ends with 2 and says so
refused() {
    local name=$1 message=$2 status=0
    shift 2
    "$@" > "$work/output" 2>&1 || status=$?
    if [ $status != 2 ]; then
        fail "$name: exit $status: $(cat "$work/output")"
    elif ! grep -q "$message" "$work/output"; then
        fail "$name: said: $(cat "$work/output")"
    fi
}

# A disk that is full before the new file is complete.
full=$work/full
mkdir "$full"
mount -t tmpfs -o size=48m tmpfs "$full"
mounts+=("$full")
cp "$work/old-saved.h5" "$full/model.h5"
refused "full disk" "No space left on device" \
    "$HORNFELS" convert "$work/new.h5" "$full/model.h5" --force --quiet
left "full disk" "$full"

# A disk that nothing can be written to.
cp "$work/old-saved.h5" "$full/model.h5"
mount -o remount,ro "$full"
refused "read-only disk" "Read-only file system" \
    "$HORNFELS" convert "$work/new.h5" "$full/model.h5" --force --quiet
left "read-only disk" "$full"

# A directory of another user: the old file may be written to, but nothing put beside it.
other=$work/other
mkdir "$other"
cp "$work/old-saved.h5" "$other/model.h5"
chmod 755 "$work" "$other"
chmod 666 "$other/model.h5"
chmod 644 "$work/new.h5"
nobody=$work/bin
mkdir "$nobody"
cp "$HORNFELS" "$nobody/hornfels"
refused "unwritable directory" "Permission denied" \
    setpriv --reuid 65534 --regid 65534 --clear-groups \
    "$nobody/hornfels" convert "$work/new.h5" "$other/model.h5" --force --quiet
left "unwritable directory" "$other"

# A file of another user, in a directory that anyone may write to.
chmod 777 "$other"
chmod 644 "$other/model.h5"
refused "another user's file" "Permission denied" \
    setpriv --reuid 65534 --regid 65534 --clear-groups \
    "$nobody/hornfels" convert "$work/new.h5" "$other/model.h5" --force --quiet
left "another user's file" "$other"

# The superuser's save leaves the file to its owner.
chown 65534:65534 "$other/model.h5"
"$HORNFELS" convert "$work/new.h5" "$other/model.h5" --force --quiet
if [ "$(stat -c '%u:%g %a' "$other/model.h5")" = "65534:65534 644" ]; then
    ok "owner and mode stay"
else
    fail "owner and mode stay: $(stat -c '%u:%g %a' "$other/model.h5")"
fi

# Killed at fifty moments or more, spread over the time that a whole save takes, until twenty of them
# have left a half-written file under a name of its own.
killed=$work/killed
mkdir "$killed"
start=$(date +%s%N)
"$HORNFELS" convert "$work/new.h5" "$killed/model.h5" --quiet
took=$(($(date +%s%N) - start))
kills=0 halves=0 unharmed=0 replaced=0
while [ $kills -lt 50 ] || [ $halves -lt 20 ]; do
    if [ $kills = 500 ]; then
        fail "killed: only $halves of $kills kills hit a save in the middle"
        break
    fi
    kills=$((kills + 1))
    cp "$work/old-saved.h5" "$killed/model.h5"
    "$HORNFELS" convert "$work/new.h5" "$killed/model.h5" --force --quiet &
    process=$!
    sleep "$(printf '0.%09d' $((took * (RANDOM % 1000) / 1000 % 1000000000)))"
    kill -KILL $process 2> /dev/null || true
    wait $process 2> /dev/null || true
    if cmp -s "$work/old-saved.h5" "$killed/model.h5"; then
        unharmed=$((unharmed + 1))
    elif cmp -s "$work/new-saved.h5" "$killed/model.h5"; then
        replaced=$((replaced + 1))
    else
        fail "kill $kills: neither the old file nor the new one"
    fi
    for left in $(cd "$killed" && ls -A); do
        case $left in
            model.h5) ;;
            .model.h5.hornfels-*.tmp)
                cmp -s "$work/new-saved.h5" "$killed/$left" || halves=$((halves + 1))
                rm "$killed/$left"
                ;;
            *) fail "kill $kills: left behind: $left" ;;
        esac
    done
done
ok "killed $kills times: $unharmed old files, $replaced new ones; $halves half-written under their own names"

# A SavedModel is a directory: all of it is the old one, or all of it the new.
for name in old new; do
    "$HORNFELS" convert "$work/$name.h5" "$work/$name-directory" --quiet
done
same() { diff --recursive --brief "$1" "$2" > /dev/null; }
same "$work/old-directory" "$work/new-directory" && fail "the two directories are equal, which proves nothing"

mount -o remount,rw "$full"
rm "$full/model.h5"
cp --recursive "$work/old-directory" "$full/model"
refused "full disk, directory" "No space left on device" \
    "$HORNFELS" convert "$work/new.h5" "$full/model" --force --quiet
if same "$work/old-directory" "$full/model" && [ "$(ls -A "$full")" = model ]; then
    ok "full disk, directory"
else
    fail "full disk, directory: $(ls -A "$full"), or the old directory changed"
fi

rm -r "$killed"
mkdir "$killed"
start=$(date +%s%N)
"$HORNFELS" convert "$work/new.h5" "$killed/model" --quiet
took=$(($(date +%s%N) - start))
kills=0 halves=0 unharmed=0 replaced=0
while [ $kills -lt 30 ] || [ $halves -lt 10 ]; do
    if [ $kills = 300 ]; then
        fail "killed, directory: only $halves of $kills kills hit a save in the middle"
        break
    fi
    kills=$((kills + 1))
    rm -r "$killed/model"
    cp --recursive "$work/old-directory" "$killed/model"
    "$HORNFELS" convert "$work/new.h5" "$killed/model" --force --quiet &
    process=$!
    sleep "$(printf '0.%09d' $((took * (RANDOM % 1000) / 1000 % 1000000000)))"
    kill -KILL $process 2> /dev/null || true
    wait $process 2> /dev/null || true
    if same "$work/old-directory" "$killed/model"; then
        unharmed=$((unharmed + 1))
    elif same "$work/new-directory" "$killed/model"; then
        replaced=$((replaced + 1))
    else
        fail "kill $kills: neither the old directory nor the new one"
    fi
    for left in $(cd "$killed" && ls -A); do
        case $left in
            model) ;;
            .model.hornfels-*.tmp)
                halves=$((halves + 1))
                rm -r "${killed:?}/$left"
                ;;
            *) fail "kill $kills: left behind: $left" ;;
        esac
    done
done
ok "killed $kills times: $unharmed old directories, $replaced new ones; $halves left others under names of their own"

[ $failures = 0 ]
