hornfels convert emotions.h5 m --signature s=nowhere; ls
exit: 0
