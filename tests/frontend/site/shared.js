// Answers each task when it is done, or has failed.
onconnect = ({ ports: [port] }) => {
  port.onmessage = async ({ data }) => {
    await fetch(data.url, data.init).catch(() => {})
    port.postMessage('done')
  }
}
