#!/usr/bin/env escript
%% Echo on gen_tcp: echo.escript HOST:PORT line|length.
%% After gen_tcp's documentation: {packet, _} frames, {active, once} is its flow
%% control; lines that are longer than the buffer come in parts, and end the
%% connection here. SIGTERM is init:stop/0, as OTP handles it by itself.
-mode(compile).
-define(MAX, 1048576).

main([Addr, Framing]) ->
    [Host, Port] = string:split(Addr, ":", trailing),
    {ok, Ip} = inet:parse_address(Host),
    %% The size of a line is that with its newline.
    {Packet, Size} = case Framing of "line" -> {line, ?MAX + 1}; "length" -> {4, ?MAX} end,
    {ok, Listener} = gen_tcp:listen(list_to_integer(Port), [binary, {ip, Ip}, {packet, Packet}, {packet_size, Size},
        {buffer, Size}, {active, false}, {reuseaddr, true}, {nodelay, true}, {backlog, 128}]),
    accept(Listener, Packet).

accept(Listener, Packet) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> echo(Socket, Packet) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener, Packet).

echo(Socket, Packet) ->
    inet:setopts(Socket, [{active, once}]),
    receive
        {tcp, Socket, Payload} ->
            case whole(Packet, Payload) andalso gen_tcp:send(Socket, Payload) of
                ok -> echo(Socket, Packet);
                _ -> gen_tcp:close(Socket)
            end;
        {tcp_closed, Socket} -> ok;
        {tcp_error, Socket, _} -> gen_tcp:close(Socket)
    end.

whole(line, Payload) -> binary:last(Payload) =:= $\n;
whole(4, _) -> true.
