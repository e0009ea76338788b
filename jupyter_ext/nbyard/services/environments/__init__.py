"""Operations on environments and on kernels of the machine."""
