#!/usr/bin/env escript
%% Plays wire vectors on erlang:decode_packet/3, which is how {packet, _} of gen_tcp
%% reads, and writes them with gen_tcp:send/2. run.sh has the format of the input.
-mode(compile).

main([]) -> lines(io:get_line("")).

lines(eof) -> ok;
lines(Line) ->
    [Kind | Fields] = string:split(string:trim(Line, trailing, "\n"), "\t", all),
    run(Kind, Fields),
    lines(io:get_line("")).

run("decode", [Name, Spec, Max, Unterminated, Wire, _]) ->
    case packet(Spec, Max) of
        {Type, Options} when Unterminated =:= "" ->
            Bytes = bytes(Wire),
            Whole = play(Type, Options, [Bytes]),
            Ways = [{"bytes", [<<B>> || <<B>> <= Bytes]}] ++
                [{io_lib:format("cut ~b", [I]), [binary:part(Bytes, 0, I), binary:part(Bytes, I, byte_size(Bytes) - I)]}
                    || I <- lists:seq(1, max(0, byte_size(Bytes) - 1))],
            Others = [{Way, Events} || {Way, Chunks} <- Ways, Events <- [play(Type, Options, Chunks)], Events =/= Whole],
            Cuts = [["[\"", Way, "\",", json(Events), "]"] || {Way, Events} <- lists:sublist(Others, 1)],
            io:format("{\"decoder\":\"erlang {packet,~p}\",\"vector\":\"~s\",\"events\":~s,\"cuts\":[~s]}~n", [Type, Name, json(Whole), Cuts]);
        _ ->
            io:format("{\"vector\":\"~s\",\"skip\":\"no such configuration\"}~n", [Name])
    end;
run("encode", [Name, Spec, _, _, _, Payload]) ->
    case packet(Spec, "") of
        {Type, _} when is_integer(Type) ->
            io:format("{\"encoder\":\"erlang {packet,~p}\",\"vector\":\"~s\",~s}~n", [Type, Name, send(Type, bytes(Payload))]);
        _ -> ok
    end.

bytes(Hex) -> binary:decode_hex(list_to_binary(Hex)).
hex(Bytes) -> string:lowercase(binary_to_list(binary:encode_hex(Bytes))).

packet(_, "0") -> none; % a packet_size of 0 is no limit
packet(Spec, Max) ->
    Size = case Max of "" -> []; _ -> [{packet_size, list_to_integer(Max)}] end,
    case Spec of
        "length" -> {4, Size};
        "length,width=2" -> {2, Size};
        "length,width=1" -> {1, Size};
        "line,keep" -> {line, Size};
        "delimiter,hex=" ++ Hex ->
            case string:split(Hex, ",", all) of
                [[A, B], "keep"] -> {line, [{line_delimiter, list_to_integer([A, B], 16)} | Size]};
                _ -> none
            end;
        _ -> none
    end.

play(Type, Options, Chunks) -> play(Type, Options, Chunks, <<>>, []).

play(Type, Options, Chunks, Have, Events) ->
    case {catch erlang:decode_packet(Type, Have, Options), Chunks} of
        {{ok, Packet, Rest}, _} -> play(Type, Options, Chunks, Rest, [string:trim(["frame ", hex(Packet)]) | Events]);
        {{more, _}, [Chunk | More]} -> play(Type, Options, More, <<Have/binary, Chunk/binary>>, Events);
        {{more, _}, []} -> lists:reverse(Events); % gen_tcp reports that the peer has closed, and nothing else
        {{error, Why}, _} -> lists:reverse([io_lib:format("error ~w", [Why]) | Events]);
        {{'EXIT', _}, _} -> lists:reverse(["error badarg" | Events])
    end.

json(Events) -> ["[", lists:join(",", [["\"", Event, "\""] || Event <- Events]), "]"].

%% send writes a payload on a connection of its own.
send(Type, Payload) ->
    {ok, Listener} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listener),
    {ok, Client} = gen_tcp:connect({127, 0, 0, 1}, Port, [binary, {packet, Type}]),
    {ok, Server} = gen_tcp:accept(Listener),
    Sent = gen_tcp:send(Client, Payload),
    gen_tcp:close(Client),
    Wire = all(Server),
    gen_tcp:close(Server),
    gen_tcp:close(Listener),
    case Sent of
        ok -> io_lib:format("\"wire\":\"~s\"", [hex(Wire)]);
        {error, Why} -> io_lib:format("\"refused\":\"~p\"", [Why])
    end.

all(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, Bytes} -> Rest = all(Socket), <<Bytes/binary, Rest/binary>>;
        {error, closed} -> <<>>
    end.
