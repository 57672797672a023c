/**
 * Images per second of `run` over `images` in turn, with `concurrency` of them in flight all the time, for about `seconds`.
 * Runs that began within the time count, and so does the time until they ended.
 */
export async function imagesPerSecond<Image>(
  run: (image: Image) => Promise<unknown>,
  images: readonly Image[],
  concurrency: number,
  seconds: number,
): Promise<number> {
  const started = performance.now();
  let count = 0;
  const one = async () => {
    while (performance.now() - started < 1000 * seconds) {
      const image = images[count % images.length];
      if (image === undefined) throw new RangeError('expected at least one image');
      count += 1;
      await run(image);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, one));
  return Number(((1000 * count) / (performance.now() - started)).toFixed(1));
}
