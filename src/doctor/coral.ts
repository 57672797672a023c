/** Coral sticks by their USB ids: one before it has got its firmware, another after. */
const sticks: Readonly<Record<string, string>> = {
  '1a6e:089a': 'Coral USB Accelerator, before its first use',
  '18d1:9302': 'Coral USB Accelerator',
};

export function coralStick(vendor: string, product: string): string | null {
  return sticks[`${vendor.trim().toLowerCase()}:${product.trim().toLowerCase()}`] ?? null;
}
