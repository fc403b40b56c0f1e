/* The same as libmoss.h, for those who look for this name. */
#include "libmoss.h"
