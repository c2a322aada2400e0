hornfels convert archive.h5 out.h5; code=$?; ls out.h5 2>/dev/null; exit $code
exit: 2
