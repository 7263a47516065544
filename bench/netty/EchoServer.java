import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.io.IOException;
import java.net.InetSocketAddress;

/** Echoes whole messages with Netty's own framers. Debian packages Netty without its native transports, so this is NIO. */
public final class EchoServer {
    private static final int MAX_PAYLOAD = 1 << 20;

    public static void main(String[] args) throws Exception {
        String addr = "127.0.0.1:0";
        String framing = "line";
        for (String arg : args) {
            if (arg.startsWith("-addr=")) {
                addr = arg.substring("-addr=".length());
            } else if (arg.equals("-framing=line") || arg.equals("-framing=length")) {
                framing = arg.substring("-framing=".length());
            } else {
                System.err.println("unknown argument: " + arg);
                System.exit(2);
            }
        }
        int colon = addr.lastIndexOf(':');
        InetSocketAddress local =
                new InetSocketAddress(addr.substring(0, colon), Integer.parseInt(addr.substring(colon + 1)));

        EventLoopGroup acceptor = new NioEventLoopGroup(1);
        EventLoopGroup workers = new NioEventLoopGroup(Runtime.getRuntime().availableProcessors());
        Channel server = new ServerBootstrap()
                .group(acceptor, workers)
                .channel(NioServerSocketChannel.class)
                .childHandler(new Pipeline(framing))
                .bind(local)
                .sync()
                .channel();
        InetSocketAddress bound = (InetSocketAddress) server.localAddress();
        System.err.printf("msg=listening addr=%s:%d framing=%s%n",
                bound.getAddress().getHostAddress(), bound.getPort(), framing);
        server.closeFuture().sync();
    }

    private static final class Pipeline extends ChannelInitializer<SocketChannel> {
        private final String framing;

        Pipeline(String framing) {
            this.framing = framing;
        }

        @Override
        protected void initChannel(SocketChannel channel) {
            if (framing.equals("length")) {
                channel.pipeline().addLast(
                        new LengthFieldBasedFrameDecoder(MAX_PAYLOAD, 0, 4, 0, 4), new LengthFieldPrepender(4));
            } else {
                // The line keeps its end, so that it can be sent back as the one buffer that it is.
                channel.pipeline().addLast(new LineBasedFrameDecoder(MAX_PAYLOAD, false, true));
            }
            channel.pipeline().addLast(new Echo());
        }
    }

    /** Writes every message, and flushes when those that have arrived are through. */
    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.write(message, context.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (!(cause instanceof IOException)) {
                System.err.println("connection lost: " + cause);
            }
            context.close();
        }
    }
}
