// Exchanges the one-time key behind # for the page's session and leaves no
// trace of it in the history.
const key = new URLSearchParams(location.hash.slice(1)).get('key') ?? ''
history.replaceState(null, '', '/open')
fetch('/page/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ key }) })
  .then((answer) => {
    if (!answer.ok) throw new Error(String(answer.status))
    location.replace('/')
  })
  .catch(() => {
    const say = document.getElementById('say')
    say.textContent = say.dataset.failed
  })
