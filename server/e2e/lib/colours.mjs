// Contrast as WCAG 2.2 computes it.

/** @param colors two opaque colours, as getComputedStyle gives them */
export function contrast(...colors) {
  const [dark, light] = colors.map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color) {
  const channels = color.match(/^rgb\((\d+), (\d+), (\d+)\)$/);
  if (!channels) throw new Error(`want an opaque colour, not ${color}`);
  const [r, g, b] = channels.slice(1).map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
