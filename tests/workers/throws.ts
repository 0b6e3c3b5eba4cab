setTimeout(() => {
  throw new RangeError("nobody\ncatches this");
});
await new Promise(() => {});
