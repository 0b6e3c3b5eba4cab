/** Operations that compute each element from those at the same place, after broadcasting. */
export const elementwiseOperations: readonly string[] = `
  Abs Ceil ClipByValue Cos Erf Exp Expm1 Floor LeakyRelu Log Log1p Neg Reciprocal Relu Round Rsqrt Sigmoid Sign Sin Sqrt
  Square Step Tanh LogicalNot Cast
  Add Sub Multiply RealDiv FloorDiv Mod Pow Maximum Minimum Select
  Equal NotEqual Greater GreaterEqual Less LessEqual LogicalAnd LogicalOr
`.trim().split(/\s+/);
