import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.DelimiterBasedFrameDecoder;
import io.netty.handler.codec.FixedLengthFrameDecoder;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.codec.LineBasedFrameDecoder;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.protobuf.ProtobufVarint32FrameDecoder;
import io.netty.handler.codec.protobuf.ProtobufVarint32LengthFieldPrepender;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Plays the wire vectors on the frame decoders and encoders of Netty: Vectors TESTDATA. */
public final class Vectors {
    private static final Gson GSON = new Gson();

    /** A spec: a name, its keys, and its delimiters in order. */
    private static final class Spec {
        final String name;
        final Map<String, String> keys = new HashMap<>();
        final List<byte[]> delimiters = new ArrayList<>();

        Spec(String text) {
            String[] parts = text.split(",");
            name = parts[0];
            if (name.equals("crlf")) {
                delimiters.add(new byte[] {'\r', '\n'});
            }
            for (int i = 1; i < parts.length; i++) {
                String[] pair = parts[i].split("=", 2);
                if (pair[0].equals("hex")) {
                    delimiters.add(ByteBufUtil.decodeHexDump(pair[1]));
                } else {
                    keys.put(pair[0], pair.length == 1 ? "" : pair[1]);
                }
            }
        }

        boolean has(String key) {
            return keys.containsKey(key);
        }

        boolean only(String... known) {
            return Set.of(known).containsAll(keys.keySet());
        }

        int number(String key, int absent) {
            return has(key) ? Integer.parseInt(keys.get(key)) : absent;
        }

        ByteOrder order() {
            return "little".equals(keys.get("order")) ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        }

        ByteBuf[] delimiters() {
            return delimiters.stream().map(Unpooled::wrappedBuffer).toArray(ByteBuf[]::new);
        }
    }

    /** What makes the handler of a spec; it is null if there is none. */
    private static Supplier<ChannelHandler> decoder(Spec s, int limit) {
        boolean strip = !s.has("keep");
        // The maxFrameLength of the first two never counts the delimiter.
        int delimiter = s.name.equals("line") ? 1 : s.delimiters.stream().mapToInt(d -> d.length).min().orElse(0);
        int max = strip ? limit : limit - delimiter;
        switch (s.name) {
            case "line":
                return s.only("keep") && max >= 0 ? () -> new LineBasedFrameDecoder(max, strip, true) : null;
            case "crlf":
            case "delimiter":
                // A maxFrameLength must be positive.
                return s.only("keep") && max > 0
                        ? () -> new DelimiterBasedFrameDecoder(max, strip, true, s.delimiters())
                        : null;
            case "fixed":
                return s.only("size") ? () -> new FixedLengthFrameDecoder(s.number("size", 0)) : null;
            case "varint":
                return s.only("non-minimal") ? ProtobufVarint32FrameDecoder::new : null;
            case "length":
                return s.only("width", "order", "offset", "adjust", "includes-header", "strip", "keep")
                        ? length(s, limit)
                        : null;
            default:
                return null;
        }
    }

    private static Supplier<ChannelHandler> length(Spec s, int max) {
        int width = s.number("width", 4);
        int offset = s.number("offset", 0);
        int strip = s.has("keep") ? 0 : s.number("strip", offset + width);
        int adjust = s.number("adjust", 0) - (s.has("includes-header") ? offset + width : 0);
        int frame = (int) Math.min(Integer.MAX_VALUE, (long) max + strip);
        if (width > 4 && width != 8 || offset > frame - width) {
            return null; // refused
        }
        return () -> new LengthFieldBasedFrameDecoder(s.order(), frame, offset, width, adjust, strip, true);
    }

    private static Supplier<ChannelHandler> encoder(Spec s) {
        if (s.name.equals("varint") && s.only("non-minimal")) {
            return ProtobufVarint32LengthFieldPrepender::new;
        }
        int width = s.number("width", 4);
        if (!s.name.equals("length") || !s.only("width", "order", "adjust", "includes-header")
                || width > 4 && width != 8) {
            return null;
        }
        // Its lengthAdjustment is added to the value that is written.
        return () -> new LengthFieldPrepender(s.order(), width, -s.number("adjust", 0), s.has("includes-header"));
    }

    /** Plays a stream that is cut at some offsets. */
    private static List<String> play(Supplier<ChannelHandler> decoder, byte[] wire, int... cuts) {
        List<String> events = new ArrayList<>();
        EmbeddedChannel channel = new EmbeddedChannel(decoder.get(), new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object payload) {
                events.add(("frame " + ByteBufUtil.hexDump((ByteBuf) payload)).trim());
                ((ByteBuf) payload).release();
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                if (cause instanceof TooLongFrameException) {
                    events.add("too_large");
                } else if (cause instanceof CorruptedFrameException) {
                    events.add("malformed");
                } else {
                    events.add("error " + cause);
                }
            }
        });
        int from = 0;
        for (int i = 0; i <= cuts.length; i++) {
            int to = i < cuts.length ? cuts[i] : wire.length;
            if (to > from) {
                channel.writeInbound(Unpooled.copiedBuffer(wire, from, to - from));
            }
            from = to;
        }
        channel.finishAndReleaseAll();
        return events;
    }

    private static void decode(JsonObject v) {
        Spec s = new Spec(v.get("spec").getAsString());
        long max = v.has("max_payload") ? v.get("max_payload").getAsLong() : Integer.MAX_VALUE;
        Supplier<ChannelHandler> decoder = v.has("accept_unterminated") ? null : decoder(s, (int) Math.min(max, Integer.MAX_VALUE));
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("vector", v.get("name").getAsString());
        if (decoder == null) {
            result.put("skip", "no such configuration");
        } else {
            byte[] wire = ByteBufUtil.decodeHexDump(v.get("wire").getAsString());
            result.put("decoder", "netty " + decoder.get().getClass().getSimpleName());
            List<String> whole = play(decoder, wire);
            result.put("events", whole);
            result.put("cuts", cuts(decoder, wire, whole));
        }
        System.out.println(GSON.toJson(result));
    }

    /** The first way to cut a stream that yields other events. */
    private static List<Object> cuts(Supplier<ChannelHandler> decoder, byte[] wire, List<String> whole) {
        int[] every = new int[Math.max(0, wire.length - 1)];
        Arrays.setAll(every, i -> i + 1);
        List<String> dripped = play(decoder, wire, every);
        if (!dripped.equals(whole)) {
            return List.of(List.of("bytes", dripped));
        }
        for (int cut : every) {
            List<String> events = play(decoder, wire, cut);
            if (!events.equals(whole)) {
                return List.of(List.of("cut " + cut, events));
            }
        }
        return List.of();
    }

    private static void encode(JsonObject v) {
        Supplier<ChannelHandler> encoder = encoder(new Spec(v.get("spec").getAsString()));
        if (encoder == null) {
            return;
        }
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("encoder", "netty " + encoder.get().getClass().getSimpleName());
        result.put("vector", v.get("name").getAsString());
        try {
            EmbeddedChannel channel = new EmbeddedChannel(encoder.get());
            channel.writeOutbound(Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(v.get("payload").getAsString())));
            StringBuilder wire = new StringBuilder();
            for (ByteBuf b = channel.readOutbound(); b != null; b = channel.readOutbound()) {
                wire.append(ByteBufUtil.hexDump(b));
                b.release();
            }
            result.put("wire", wire.toString());
        } catch (RuntimeException e) {
            result.put("refused", String.valueOf(e.getCause() == null ? e : e.getCause()));
        }
        System.out.println(GSON.toJson(result));
    }

    private static List<JsonObject> vectors(String testdata, String kind) throws IOException {
        List<JsonObject> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of(testdata, kind))) {
            for (Path file : files.sorted().collect(Collectors.toList())) {
                for (JsonElement v : GSON.fromJson(Files.readString(file), JsonArray.class)) {
                    all.add(v.getAsJsonObject());
                }
            }
        }
        return all;
    }

    public static void main(String[] args) throws IOException {
        vectors(args[0], "decode").forEach(Vectors::decode);
        vectors(args[0], "encode").forEach(Vectors::encode);
    }
}
