#!/usr/bin/env escript
%% Echo on gen_tcp: echo.escript HOST:PORT line|length.
%% After gen_tcp's documentation: {packet, _} frames, {active, once} is its flow
%% control; lines that are longer than the buffer would come in parts. SIGTERM is init:stop/0, as OTP handles it by itself.
-mode(compile).
-define(MAX, 1048576).

main([Addr, Framing]) ->
    [Host, Port] = string:split(Addr, ":", trailing),
    {ok, Ip} = inet:parse_address(Host),
    %% The size of a line is that with its newline.
    {Packet, Size} = case Framing of "line" -> {line, ?MAX + 1}; "length" -> {4, ?MAX} end,
    {ok, Listener} = gen_tcp:listen(list_to_integer(Port), [binary, {ip, Ip}, {packet, Packet}, {packet_size, Size},
        {buffer, Size}, {active, false}, {reuseaddr, true}, {nodelay, true}, {backlog, 128}]),
    accept(Listener).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> echo(Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener).

echo(Socket) ->
    inet:setopts(Socket, [{active, once}]),
    receive
        {tcp, Socket, Payload} ->
            case gen_tcp:send(Socket, Payload) of
                ok -> echo(Socket);
                {error, _} -> gen_tcp:close(Socket)
            end;
        {tcp_closed, Socket} -> ok;
        {tcp_error, Socket, _} -> gen_tcp:close(Socket)
    end.
