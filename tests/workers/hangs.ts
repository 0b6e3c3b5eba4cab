import "./announces.ts";

for (;;);
