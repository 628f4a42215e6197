/** A GPU or a MIG slice of one, as the driver's tool tells it. */
export interface Gpu {
  readonly index: number;
  readonly uuid: string;
  /** As the driver prints it: "NVIDIA H100 80GB HBM3". */
  readonly name: string;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  readonly driverVersion: string;
  readonly isMigEnabled: boolean;
  readonly isLost: boolean;
}

const VENDOR_AND_FORM = /\b(NVIDIA|Tesla|GeForce|Quadro|SXM\d?|PCIE|PCIe|NVL|HBM\d\w*)\b/g;
const MEMORY = /\b(\d+)\s?GB\b/;

/** The name placement knows: "NVIDIA A100-SXM4-80GB" and "NVIDIA H100 80GB HBM3" become "A100-80GB", "H100-80GB". */
export function acceleratorModel(name: string): string {
  const memory = MEMORY.exec(name)?.[1];
  const product = name
    .replace(MEMORY, ' ')
    .replaceAll(VENDOR_AND_FORM, ' ')
    .split(/[\s-]+/)
    .filter(Boolean)
    .join('-');
  return memory === undefined ? product : `${product}-${memory}GB`;
}
