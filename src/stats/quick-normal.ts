/**
 * The normal distribution, fast: for drawing many numbers. Good to about 1e-15; where an interval must be recomputed to the
 * last bit, normal.ts is used.
 */

const polynomial = (x: number, coefficients: readonly number[]): number => {
  let sum = 0;
  for (const coefficient of coefficients) sum = sum * x + coefficient;
  return sum;
};

const hartTop = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931, 220.206867912376,
];
const hartBottom = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831, 793.826512519948,
  440.413735824752,
];

/** The share of a standard normal distribution below z: Hart's rational approximation (1968), as West gives it (2005). */
export function shareBelow(z: number): number {
  const size = Math.abs(z);
  if (size > 37) return z > 0 ? 1 : 0;
  const tail = Math.exp((-size * size) / 2);
  const below =
    size < 7.071_067_811_865_47
      ? (tail * polynomial(size, hartTop)) / polynomial(size, hartBottom)
      : tail / (size + 1 / (size + 2 / (size + 3 / (size + 4 / (size + 0.65))))) / 2.506_628_274_631;
  return z > 0 ? 1 - below : below;
}

const central = {
  top: [
    2509.080_928_730_122_7, 33_430.575_583_588_13, 67_265.770_927_008_7, 45_921.953_931_549_87, 13_731.693_765_509_46,
    1971.590_950_306_551_3, 133.141_667_891_784_38, 3.387_132_872_796_366_5,
  ],
  bottom: [
    5226.495_278_852_545, 28_729.085_735_721_943, 39_307.895_800_092_71, 21_213.794_301_586_597, 5394.196_021_424_751,
    687.187_007_492_057_9, 42.313_330_701_600_91, 1,
  ],
};
const middle = {
  top: [
    7.745_450_142_783_414e-4, 0.022_723_844_989_269_184, 0.241_780_725_177_450_6, 1.270_458_252_452_368_4, 3.647_848_324_763_204_5,
    5.769_497_221_460_691, 4.630_337_846_156_546, 1.423_437_110_749_683_5,
  ],
  bottom: [
    1.050_750_071_644_416_9e-9, 5.475_938_084_995_345e-4, 0.015_198_666_563_616_457, 0.148_103_976_427_480_08, 0.6897673349851,
    1.6763848301838038, 2.053191626637759, 1,
  ],
};
const outer = {
  top: [
    2.010_334_399_292_288_1e-7, 2.711_555_568_743_487_6e-5, 1.242_660_947_388_078_4e-3, 0.026_532_189_526_576_124, 0.296_560_571_828_504_87,
    1.784_826_539_917_291_3, 5.463_784_911_164_114, 6.657_904_643_501_103,
  ],
  bottom: [
    2.0442631033899397e-15, 1.421_511_758_316_446e-7, 1.846_318_317_510_054_8e-5, 7.868_691_311_456_133e-4, 0.014_875_361_290_850_615,
    0.136_929_880_922_735_8, 0.599_832_206_555_888, 1,
  ],
};

/** The z that has the share p of a standard normal distribution below it, p in (0, 1): Wichura's algorithm AS 241 (1988). */
export function scoreAt(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180_625 - q * q;
    return (q * polynomial(r, central.top)) / polynomial(r, central.bottom);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const size =
    r <= 5
      ? polynomial(r - 1.6, middle.top) / polynomial(r - 1.6, middle.bottom)
      : polynomial(r - 5, outer.top) / polynomial(r - 5, outer.bottom);
  return q < 0 ? -size : size;
}
