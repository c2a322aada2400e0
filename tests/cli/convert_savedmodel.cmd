hornfels convert emotions.h5 served -q && find served | LC_ALL=C sort
exit: 0
