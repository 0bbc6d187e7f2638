/* One matrix product by OpenBLAS: M, K, N as three i32, then A [M, K] and B [K, N] from standard
   input, C [M, N] to standard output. Threads and kernels are chosen by OPENBLAS_NUM_THREADS and
   OPENBLAS_CORETYPE. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

static void get(void *to, size_t size, size_t count) {
  if (fread(to, size, count, stdin) != count) exit(1);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    fprintf(stdout, "%s %s", openblas_get_config(), openblas_get_corename());
    return 0;
  }
  int d[3];
  while (fread(d, sizeof(int), 3, stdin) == 3) {
    size_t m = d[0], k = d[1], n = d[2];
    float *a = malloc(m * k * 4), *b = malloc(k * n * 4), *c = malloc(m * n * 4);
    if (!a || !b || !c) return 1;
    get(a, 4, m * k);
    get(b, 4, k * n);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, d[0], d[2], d[1], 1.0f, a, d[1], b,
                d[2], 0.0f, c, d[2]);
    fwrite(c, 4, m * n, stdout);
    free(a);
    free(b);
    free(c);
  }
  return 0;
}
