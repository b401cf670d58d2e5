using System.Text;
using ConcertDapr.Sidecar.Redis;

namespace ConcertDapr.Tests;

public sealed class RespTests
{
    [Theory]
    [InlineData("+OK\r\n", "OK")]
    [InlineData(":-12\r\n", "-12")]
    [InlineData("$5\r\nhe\r\no\r\n", "he\r\no")]
    [InlineData("$0\r\n\r\n", "")]
    public async Task Simple_replies_are_read(string wire, string expected) => (await ReadAsync(wire)).Text.ShouldBe(expected);

    [Theory]
    [InlineData("$-1\r\n")]
    [InlineData("*-1\r\n")]
    public async Task Null_replies_are_null(string wire) => (await ReadAsync(wire)).IsNull.ShouldBeTrue();

    [Fact]
    public async Task Nested_arrays_are_read()
    {
        var reply = await ReadAsync("*3\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n-ERR no\r\n");
        reply.Items[0].Integer.ShouldBe(1);
        reply.Items[1].Items[0].Text.ShouldBe("a");
        reply.Items[1].Items[1].IsNull.ShouldBeTrue();
        Should.Throw<RedisServerException>(() => reply.Items[2].Checked()).Code.ShouldBe("ERR");
    }

    [Theory]
    [InlineData("?1\r\n")]
    [InlineData("\r\n")]
    [InlineData("$x\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("$99999999999\r\n")]
    [InlineData("*99999999\r\n")]
    [InlineData(":1.5\r\n")]
    [InlineData("$2\r\nabcd\r\n")]
    public async Task Malformed_replies_are_refused(string wire) =>
        await Should.ThrowAsync<RedisProtocolException>(async () => await ReadAsync(wire));

    [Theory]
    [InlineData("$5\r\nhel")]
    [InlineData("*2\r\n:1\r\n")]
    [InlineData("+O")]
    [InlineData("")]
    public async Task A_reply_cut_short_is_an_end_of_stream(string wire) =>
        await Should.ThrowAsync<EndOfStreamException>(async () => await ReadAsync(wire));

    [Theory]
    [InlineData("$500000000\r\nabc")]
    [InlineData("*4000000\r\n*4000000\r\n*4000000\r\n:1\r\n")]
    public async Task A_claimed_length_alone_takes_no_memory(string wire)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = ReadAsync(wire);
        // All is there already, so everything was done on this thread.
        (reading.IsCompleted, GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000).ShouldBe((true, true));
        await Should.ThrowAsync<EndOfStreamException>(() => reading);
    }

    [Fact]
    public async Task An_array_shorter_than_expected_is_a_protocol_error()
    {
        var reply = await ReadAsync("*1\r\n:1\r\n");
        reply.Item(0).Integer.ShouldBe(1);
        Should.Throw<RedisProtocolException>(() => reply.Item(1));
    }

    [Fact]
    public async Task Endless_nesting_is_refused() =>
        await Should.ThrowAsync<RedisProtocolException>(async () => await ReadAsync(string.Concat(Enumerable.Repeat("*1\r\n", 1000))));

    [Fact]
    public async Task A_large_value_split_into_single_bytes_is_read()
    {
        var text = new string('x', 70_000);
        var reply = await ReadAsync($"*1\r\n${text.Length}\r\n{text}\r\n", chunk: 1);
        reply.Items[0].Text.ShouldBe(text);
    }

    private static async Task<RespReply> ReadAsync(string wire, int chunk = 3) =>
        await new RespReader(new Trickle(Encoding.UTF8.GetBytes(wire), chunk)).ReadAsync(CancellationToken.None);

    /// <summary>Gives its bytes in small pieces, as a slow network would.</summary>
    private sealed class Trickle(byte[] bytes, int chunk) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(chunk, buffer.Length)], cancellationToken);
    }
}
