{ hornfels get early_warning.h5 /model_weights/lstm/lstm/kernel:0 --full; echo "ended with $?" >&2; } | head -n 1
exit: 0
