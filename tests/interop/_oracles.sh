# Virtual environments with the programs that files are written for; sourced, not run.
#
# HORNFELS_ORACLES   where they are (default target/oracles, made when missing)

export HORNFELS_ORACLES=${HORNFELS_ORACLES:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/oracles}

# TensorFlow 2.15 exists for Python 3.9 to 3.11, 2.21 for 3.10 and later.
python_of_oracles() {
    local name
    for name in python3.11 python3.10 python3; do
        if command -v $name > /dev/null && $name -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 12))' 2> /dev/null; then
            echo $name
            return
        fi
    done
    echo "error: the oracles need Python 3.10 or 3.11" >&2
    return 1
}

# environment NAME PACKAGE...: a virtual environment with these packages, made once
environment() {
    local name=$1; shift
    local place=$HORNFELS_ORACLES/$name
    if [ ! -e "$place/bin/python" ] || [ -e "$place/incomplete" ]; then
        printf '\n== making %s: %s\n' "$place" "$*"
        mkdir -p "$place"
        touch "$place/incomplete"
        "$(python_of_oracles)" -m venv "$place"
        "$place/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
        rm "$place/incomplete"
    fi
}

# TensorFlow 2.15 with its Keras 2.
keras2_environment() {
    environment k2 tensorflow-cpu==2.15.1 'numpy<2' h5py pyfive
}

# TensorFlow 2.21, its Keras 2, and Keras 3.
keras3_environment() {
    environment k3 tensorflow-cpu==2.21.0 tf_keras==2.21.0 keras==3.15.1 h5py pyfive
}
