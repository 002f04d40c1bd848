// Charts are drawn with two dots for each of the page, so that they are sharp on paper and when enlarged.
window.devicePixelRatio = Math.max(2, window.devicePixelRatio || 1);
