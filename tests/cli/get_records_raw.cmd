hornfels get chunked.h5 records --raw | od -An -tx1
exit: 0
