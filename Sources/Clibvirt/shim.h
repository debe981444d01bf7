// Weak, so that the program starts where there is no libvirt, and without its forty libraries where nobody uses it: who calls opens it first.
#include <sys/types.h>
#pragma clang attribute push(__attribute__((weak)), apply_to = function)
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#pragma clang attribute pop
