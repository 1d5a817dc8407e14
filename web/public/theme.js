// Puts the chosen theme on the page before it is painted. The same key and attribute are used by the component library.
;(function () {
  var chosen = 'auto'
  try {
    chosen = localStorage.getItem('mantine-color-scheme-value') || 'auto'
  } catch {
    // Storage is forbidden: the system's theme it is.
  }
  var light = chosen === 'light' || (chosen === 'auto' && matchMedia('(prefers-color-scheme: light)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', light ? 'light' : 'dark')
})()
