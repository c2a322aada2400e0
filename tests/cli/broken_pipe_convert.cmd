{ hornfels convert early_warning.h5 -; echo "ended with $?" >&2; } | head -c 8 | od -An -c
exit: 0
