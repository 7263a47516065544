import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.net.InetSocketAddress;

/**
 * Echo on Netty: EchoServer HOST:PORT line|length. After the user guide of Netty 4.x; an exception
 * closes the channel after what was written, as in its example of a proxy; SIGTERM and SIGINT shut
 * the groups down gracefully.
 */
public final class EchoServer {
    private static final int MAX = 1 << 20;

    public static void main(String[] args) throws InterruptedException {
        int colon = args[0].lastIndexOf(':');
        InetSocketAddress addr =
                new InetSocketAddress(args[0].substring(0, colon), Integer.parseInt(args[0].substring(colon + 1)));
        boolean line = args[1].equals("line");
        EventLoopGroup boss = new NioEventLoopGroup(1);
        EventLoopGroup workers = new NioEventLoopGroup();
        Channel listener = new ServerBootstrap()
                .group(boss, workers)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 128)
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        if (line) {
                            channel.pipeline().addLast(new LineBasedFrameDecoder(MAX));
                        } else {
                            channel.pipeline().addLast(
                                    new LengthFieldBasedFrameDecoder(MAX + 4, 0, 4, 0, 4), new LengthFieldPrepender(4));
                        }
                        channel.pipeline().addLast(new Echo(line));
                    }
                })
                .bind(addr)
                .sync()
                .channel();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            listener.close().syncUninterruptibly();
            workers.shutdownGracefully().syncUninterruptibly();
            boss.shutdownGracefully().syncUninterruptibly();
        }));
        listener.closeFuture().sync();
        workers.terminationFuture().sync();
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        private final boolean line;

        Echo(boolean line) {
            this.line = line;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object payload) {
            context.write(payload);
            // As in the telnet example: the decoder strips both.
            if (line) {
                context.write(Unpooled.wrappedBuffer(new byte[] {'\r', '\n'}));
            }
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            context.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // Past the encoder, which would make a frame of it.
            context.pipeline().firstContext().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }
}
