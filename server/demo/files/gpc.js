// Makes the page see what it would see in a browser that sends the signal of
// Global Privacy Control. It comes before temoin.js, which reads it at once.
Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });
