hornfels convert early_warning.h5 m -q && printf '\010\377' > m/fingerprint.pb && hornfels convert m again.h5 -q && hornfels show m
exit: 2
