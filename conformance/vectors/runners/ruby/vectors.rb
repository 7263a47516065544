# Plays the wire vectors on IO#gets and IO#read: vectors.rb TESTDATA.
require "json"

NO_LIMIT = 2**62

def frame(payload) = "frame #{payload.unpack1("H*")}".strip

# The name of a spec, its keys, and its delimiters in order.
def parse(text)
  name, *rest = text.split(",")
  delimiters = { "crlf" => ["\r\n".b], "line" => ["\n".b] }.fetch(name, [])
  keys = {}
  rest.each do |key|
    key, value = key.split("=", 2)
    key == "hex" ? delimiters << [value].pack("H*") : keys[key] = value || true
  end
  [name, keys, delimiters]
end

# Returns what reads the next event from an IO, nil at the end. With a limit,
# IO#gets returns a longer line in parts, without saying so: a careful program looks
# for the delimiter.
def reader(v)
  name, keys, delimiters = parse(v["spec"])
  max = Integer(v.fetch("max_payload", NO_LIMIT))
  case name
  when "line", "crlf", "delimiter"
    return if delimiters.length != 1 || (name == "line" && !keys["keep"]) || !(keys.keys - ["keep"]).empty?

    delimiter, keep = delimiters[0], keys["keep"]
    limit = max + (keep ? 0 : delimiter.bytesize)
    return if limit.zero?

    lambda do |io|
      line = limit < 2**31 ? io.gets(delimiter, limit) : io.gets(delimiter)
      next nil if line.nil?
      next line.bytesize >= limit ? "too_large" : "unexpected_eof" unless line.end_with?(delimiter)

      frame(keep ? line : line.byteslice(0, line.bytesize - delimiter.bytesize))
    end
  when "fixed"
    return if keys["pad"]

    size = Integer(keys["size"])
    lambda do |io|
      next "too_large" if size > max

      payload = io.read(size)
      payload && (payload.bytesize < size ? "unexpected_eof" : frame(payload))
    end
  when "length"
    return unless (keys.keys - ["width"]).empty?

    width = Integer(keys.fetch("width", 4))
    lambda do |io|
      header = io.read(width) or next nil
      next "unexpected_eof" if header.bytesize < width

      size = header.unpack("C*").inject(0) { |value, byte| value * 256 + byte }
      next "too_large" if size > [max, 2**63 - 1 - width].min

      payload = io.read(size)
      payload.nil? || payload.bytesize < size ? "unexpected_eof" : frame(payload)
    end
  end
end

def play(read, chunks)
  r, w = IO.pipe(binmode: true)
  writer = Thread.new do
    chunks.each { |chunk| w.write(chunk); Thread.pass }
    w.close
  end
  events = []
  while (event = read.(r))
    events << event
    break unless event.start_with?("frame")
  end
  writer.kill
  r.close
  events
end

Dir["#{ARGV[0]}/decode/*.json"].sort.each do |file|
  JSON.parse(File.read(file)).each do |v|
    read = reader(v) unless v["accept_unterminated"]
    if read.nil?
      puts JSON.generate(vector: v["name"], skip: "no such configuration")
      next
    end
    wire = [v["wire"]].pack("H*")
    decoder = "ruby IO##{v["spec"].match?(/\A(fixed|length)/) ? "read" : "gets"}"
    whole = play(read, [wire])
    dripped = play(read, wire.bytes.map(&:chr))
    puts JSON.generate(decoder:, vector: v["name"], events: whole, cuts: dripped == whole ? [] : [["bytes", dripped]])
  end
end
