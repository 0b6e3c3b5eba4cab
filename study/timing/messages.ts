/** What a process that times a subject is asked for, one at a time, and what it answers. */
import type { Preparation, Sample, Subject } from "./subject.ts";

export type TimingRequest =
  | { readonly kind: "prepare"; readonly subject: Subject }
  | { readonly kind: "sample" };

/** What was asked for, or why it cannot be had. */
export type TimingReply = { readonly value: Preparation | Sample } | { readonly reason: string };
