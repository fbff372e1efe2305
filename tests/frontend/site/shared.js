// Answers each task when it is done, or has failed, some turns later: whoever watches the worker has seen it start.
onconnect = ({ ports: [port] }) => {
  port.onmessage = async ({ data }) => {
    for (let turn = 0; turn < 3; turn++) await fetch('/shared.js').catch(() => {})
    await fetch(data.url, data.init).catch(() => {})
    port.postMessage('done')
  }
}
