#!/usr/bin/env escript
%% Serves one connection by gen_tcp's {packet, N}, answers each frame with its bytes reversed.
%% Usage: erlang_peer.escript N, where N is 1, 2 or 4. Prints its port.

main([Width]) ->
    spawn(fun() -> timer:sleep(30000), halt(1) end),
    {ok, Listen} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}},
                                      {packet, list_to_integer(Width)}]),
    {ok, Port} = inet:port(Listen),
    io:format("~p~n", [Port]),
    {ok, Socket} = gen_tcp:accept(Listen, 30000),
    echo(Socket).

echo(Socket) ->
    case gen_tcp:recv(Socket, 0, 30000) of
        {ok, Frame} ->
            ok = gen_tcp:send(Socket, list_to_binary(lists:reverse(binary_to_list(Frame)))),
            echo(Socket);
        {error, _} ->
            ok
    end.
