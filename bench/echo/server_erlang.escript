#!/usr/bin/env escript
%%! +sbwt none
%% A peer: Erlang's gen_tcp, where the driver itself frames. A process per connection. Prints its port.
-mode(compile).

%% Active, but counted: the socket falls silent after so many frames until the process asks for more.
-define(FRAMES, 128).

main(_) ->
    {ok, Listener} = gen_tcp:listen(0, [
        binary, {ip, {127, 0, 0, 1}}, {packet, 4}, {active, false},
        {nodelay, true}, {reuseaddr, true}, {backlog, 511},
        {packet_size, 4194304}, {buffer, 65536}
    ]),
    {ok, Port} = inet:port(Listener),
    io:format("~b~n", [Port]),
    accept(Listener).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> echo(Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener).

echo(Socket) ->
    ok = inet:setopts(Socket, [{active, ?FRAMES}]),
    frames(Socket).

frames(Socket) ->
    receive
        {tcp, Socket, Frame} ->
            case gen_tcp:send(Socket, Frame) of
                ok -> frames(Socket);
                {error, _} -> gen_tcp:close(Socket)
            end;
        {tcp_passive, Socket} -> echo(Socket);
        {tcp_closed, Socket} -> ok;
        {tcp_error, Socket, _} -> ok
    end.
