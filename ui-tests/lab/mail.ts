/** A mail server that speaks plain SMTP and keeps what it receives. */
import { AddressInfo, createServer, Server, Socket } from 'node:net';

export class MailServer {
  readonly mails: string[] = [];
  readonly recipients: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly server: Server = createServer(socket => this.serve(socket));

  /** Listen, and return the URL of a channel to bob@example.org. */
  async start(): Promise<string> {
    await new Promise<void>(done => this.server.listen(0, '127.0.0.1', done));
    const { port } = this.server.address() as AddressInfo;
    return `mailto://127.0.0.1:${port}/?from=ann@example.org&to=bob@example.org`;
  }

  stop(): void {
    this.sockets.forEach(socket => socket.destroy());
    this.server.close();
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket.setEncoding('utf8'));
    const reply = (text: string) => socket.write(`${text}\r\n`);
    let received = '';
    let mail: string[] | undefined;
    socket.on('data', piece => {
      const lines = (received + piece).split('\r\n');
      received = lines.pop()!;
      for (const line of lines) {
        if (mail && line !== '.') {
          mail.push(line);
        } else if (mail) {
          this.mails.push(mail.join('\n'));
          mail = undefined;
          reply('250 ok');
        } else if (/^DATA$/i.test(line)) {
          mail = [];
          reply('354 go on');
        } else {
          this.recipients.push(...(/^RCPT TO:<(.*?)>/i.exec(line)?.slice(1) ?? []));
          reply(/^QUIT$/i.test(line) ? '221 bye' : '250 ok');
        }
      }
    });
    socket.on('error', () => socket.destroy());
    reply('220 test');
  }
}
