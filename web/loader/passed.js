// What the gate has let in. Where hosts are held (hold.js), these load what they will.
export const passed = new WeakSet();
