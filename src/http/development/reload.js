// Reloads the page when the server has new code, and shows why it cannot use it.
(() => {
  const {version} = document.currentScript.dataset;
  let source = null;
  let timer = null;
  let panel = null;

  const show = text => {
    if (text === null) {
      panel?.remove();
      panel = null;
      return;
    }
    if (panel === null) {
      panel = document.createElement('pre');
      panel.id = 'roadrunner-failure';
      // By the object model: a policy for styles has nothing to say about it.
      Object.assign(panel.style, {
        position: 'fixed', inset: '0', zIndex: '2147483647', margin: '0', padding: '2em', overflow: 'auto',
        background: '#1b1b1bf2', color: '#ff8a80', font: '14px/1.5 monospace', whiteSpace: 'pre-wrap', textAlign: 'left',
      });
      panel.title = 'Click to hide';
      panel.addEventListener('click', () => { panel.style.display = 'none'; });
      document.documentElement.append(panel);
    }
    panel.style.display = '';
    panel.textContent = 'The new code cannot be used; the old one goes on.\n\n' + text;
  };

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };

  // A connection to a server that ends, or a cache, may have another old page: not more than a few times.
  const reload = wanted => {
    let tries = 0;
    try {
      const last = JSON.parse(sessionStorage.getItem('roadrunner-reload') ?? '{}');
      if (last.wanted === wanted && last.page === location.href) tries = last.tries + 1;
      sessionStorage.setItem('roadrunner-reload', JSON.stringify({wanted, page: location.href, tries}));
    } catch {
      // There is no such memory in some frames.
    }
    if (tries < 5) setTimeout(() => location.reload(), tries * 200);
  };

  const open = () => {
    close();
    // Browsers have few connections for each server: pages that nobody sees hold none.
    if (document.visibilityState === 'hidden') return;
    source = new EventSource('/.roadrunner/reload');
    source.onmessage = ({data}) => {
      const state = JSON.parse(data);
      if (state.version === version) {
        show(state.failure);
      } else {
        close();
        reload(state.version);
      }
    };
    source.onerror = () => {
      // Some give up where nobody listens, and all at an answer that is an error.
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, 500);
    };
  };

  document.addEventListener('visibilitychange', open);
  addEventListener('pagehide', close);
  addEventListener('pageshow', ({persisted}) => { if (persisted) open(); });
  open();
})();
