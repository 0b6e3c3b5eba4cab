Promise.reject(new RangeError("nobody awaits this"));
await new Promise(() => {});
