/* random.h - keyed random numbers: a draw is a function of (seed, stream, entity, k), never of call order, so two
 * policies see the same luck. Uniforms come from Philox-4x32-10 (Salmon et al., SC'11); quantile functions from GSL. */
#ifndef GBL_RANDOM_H
#define GBL_RANDOM_H
#include <stdint.h>

/* Streams of the house; a policy's own streams start at GBL_STREAM_POLICY. */
enum { GBL_STREAM_ARRIVAL = 1, GBL_STREAM_INPUT, GBL_STREAM_OUTPUT, GBL_STREAM_THINK, GBL_STREAM_SHAPE, GBL_STREAM_TENANT, GBL_STREAM_PRIORITY, GBL_STREAM_CLIENT, GBL_STREAM_COST, GBL_STREAM_POLICY = 64 };

void gbl_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]); /* the bare block function */
uint64_t gbl_draw_u64(uint64_t seed, uint32_t stream, uint64_t entity, uint64_t k);
double gbl_draw(uint64_t seed, uint32_t stream, uint64_t entity, uint64_t k); /* uniform, open interval (0,1), odd multiples of 2^-53 */
/* Quantile functions: u in (0,1). */
double gbl_q_exponential(double u, double mean);
double gbl_q_lognormal(double u, double mu, double sigma);
double gbl_q_gamma(double u, double shape, double scale);
double gbl_q_weibull(double u, double shape, double scale);
double gbl_q_normal(double u, double mean, double sd);
int64_t gbl_q_geometric(double u, double mean); /* >= 1, mean >= 1 */

#endif
