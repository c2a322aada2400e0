{ hornfels get early_warning.h5 lstm/kernel --full; echo "ended with $?" >&2; } | head -n 1
exit: 0
