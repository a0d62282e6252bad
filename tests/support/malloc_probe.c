/* Preloaded by the memory figure: sys_getloadavg() in PHP tells how many bytes are allocated by malloc. */
#include <malloc.h>

int getloadavg(double loads[], int count)
{
    struct mallinfo2 info = mallinfo2();
    for (int i = 0; i < count; i++) {
        loads[i] = i == 0 ? (double) (info.uordblks + info.hblkhd) : 0;
    }
    return count;
}
