import { idxSource } from "./idx_source.ts";
import { mnistFiles } from "./mnist.ts";

/** Of its README: the authors' own and their repository; between them that of Keras. */
const MIRRORS = [
  "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
  "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
];

/** Fashion-MNIST: from Debian's package `dataset-fashion-mnist`, where it is installed. */
export const fmnist = idxSource({
  name: "fmnist",
  summary: "articles of clothing, 28x28 pixels, 10 classes",
  source:
    "Xiao, Rasul & Vollgraf 2017, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning " +
    "Algorithms, arXiv:1708.07747, https://github.com/zalandoresearch/fashion-mnist, MIT licence",
  shape: [28, 28],
  classes: 10,
  trainRows: 60_000,
  testRows: 10_000,
  files: {
    folders: ["fmnist", "fashion-mnist"],
    downloads: mnistFiles(MIRRORS, {
      trainImages: "sha256:c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      trainLabels: "sha256:bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      testImages: "sha256:5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      testLabels: "sha256:0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }),
    elsewhere: () => ["/usr/share/datasets/fashion-mnist"],
  },
});
