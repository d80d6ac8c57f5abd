// Contrast as WCAG 2.2 computes it.

/** @param colors two opaque colours, as getComputedStyle gives them */
export function contrast(...colors) {
  const [dark, light] = colors.map(luminance).sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color) {
  const [r, g, b] = channels(color).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Red, green and blue from 0 to 1; some of its own colours WebKit gives as color(). */
function channels(color) {
  const [, rgb, srgb] = color.match(/^(?:rgb\((\d+, \d+, \d+)\)|color\(srgb ([\d.]+ [\d.]+ [\d.]+)\))$/) ?? [];
  if (rgb) return rgb.split(', ').map((channel) => channel / 255);
  if (srgb) return srgb.split(' ').map(Number);
  throw new Error(`want an opaque colour, not ${color}`);
}
