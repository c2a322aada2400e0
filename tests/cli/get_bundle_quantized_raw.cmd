hornfels get bundle/every_dtype quint16/matrix --raw | od -An -t x1
exit: 0
