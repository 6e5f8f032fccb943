/* Matrices multiplied, the result sorted by a quicksort that calls itself and a comparison through a pointer. */
static int a[24][24], b[24][24], c[24 * 24];
static int by_value(int x, int y) { return (x > y) - (x < y); }
static int by_low_bits(int x, int y) { return by_value(x & 0xfff, y & 0xfff); }
static int (*const orders[2])(int, int) = { by_value, by_low_bits };
static void sort(int *v, int low, int high, int (*order)(int, int)) {
    while (low < high) {
        int pivot = v[(low + high) / 2], i = low, j = high;
        while (i <= j) {
            while (order(v[i], pivot) < 0) i++;
            while (order(v[j], pivot) > 0) j--;
            if (i <= j) { int t = v[i]; v[i++] = v[j]; v[j--] = t; }
        }
        if (j - low < high - i) { sort(v, low, j, order); low = i; }
        else { sort(v, i, high, order); high = j; }
    }
}
int run(int n) {
    unsigned sum = 0;
    for (int round = 0; round < n; round++) {
        for (int i = 0; i < 24; i++)
            for (int j = 0; j < 24; j++) { a[i][j] = (i * 7 + j * 13 + round) % 101 - 50; b[i][j] = (i * 5 - j * 3 + round) % 97; }
        for (int i = 0; i < 24; i++)
            for (int j = 0; j < 24; j++) {
                int s = 0;
                for (int k = 0; k < 24; k++) s += a[i][k] * b[k][j];
                c[i * 24 + j] = s;
            }
        for (int k = 0; k < 2; k++) {
            sort(c, 0, 24 * 24 - 1, orders[(k + round) & 1]);
            for (int i = 0; i < 24 * 24; i++) sum = sum * 31 + (unsigned)c[i];
        }
    }
    return (int)sum;
}
