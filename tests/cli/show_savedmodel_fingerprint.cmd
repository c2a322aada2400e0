hornfels convert early_warning.h5 m -q && hornfels show m | grep Hashes && hornfels show m --json | grep -A 8 '"fingerprint"'; rm m/fingerprint.pb && hornfels show m --json | grep '"fingerprint"'
exit: 0
