/**
 * A sample of Wycheproof's vectors (https://github.com/C2SP/wycheproof, Apache License 2.0; values only, messages as
 * their SHA-256), written by tools/wycheproof.ts. `npm run test:vectors` runs the whole files.
 */

export interface Sample {
    /** In its file. */
    tcId: number
    /** Whether the device accepts it. */
    good: boolean
    fields: Buffer[]
}

function sample(tcId: number, good: boolean, fields: Buffer[]): Sample {
    return { tcId, good, fields }
}

/** Of aes_gcm_test.json. Fields: key, nonce, associated data, text, sealed text with its tag. */
export function aesGcmSamples(): Sample[] {
    return [
        // Ktv
        sample(1, true, [
            hex`5b9604fe14eadba931b0ccf34843dab9`,
            hex`028318abc1824029138141a2`,
            hex``,
            hex`001d0c231287c1182784554ca3a21908`,
            hex`26073cc1d851beff176384dc9896d5ff0a3ea7a5487cb5f7d70fb6c58d038554`,
        ]),
        // Ktv
        sample(2, true, [
            hex`5b9604fe14eadba931b0ccf34843dab9`,
            hex`921d2507fa8007b7bd067d34`,
            hex`00112233445566778899aabbccddeeff`,
            hex`001d0c231287c1182784554ca3a21908`,
            hex`49d8b9783e911913d87094d1f63cc7651e348ba07cca2cf04c618cb4d43a5b92`,
        ]),
        // Ktv
        sample(3, true, [
            hex`aa023d0478dcb2b2312498293d9a9129`,
            hex`0432bc49ac34412081288127`,
            hex`aac39231129872a2`,
            hex`2035af313d1346ab00154fea78322105`,
            hex`eea945f3d0f98cc0fbab472a0cf24e874bb9b4812519dadf9e1232016d068133`,
        ]),
        // Pseudorandom
        sample(4, true, [
            hex`bedcfb5a011ebc84600fcb296c15af0d`,
            hex`438a547a94ea88dce46c6c85`,
            hex``,
            hex``,
            hex`960247ba5cde02e41a313c4c0136edc3`,
        ]),
        // Pseudorandom
        sample(5, true, [
            hex`384ea416ac3c2f51a76e7d8226346d4e`,
            hex`b30c084727ad1c592ac21d12`,
            hex``,
            hex`35`,
            hex`547c1e4ae88bb27e5638343cb9fd3f6337`,
        ]),
        // Pseudorandom
        sample(6, true, [
            hex`cae31cd9f55526eb038241fc44cac1e5`,
            hex`b5e006ded553110e6dc56529`,
            hex``,
            hex`d10989f2c52e94ad`,
            hex`a036ead03193903f3b626940e0e9f0cbea8e18c437fd6011`,
        ]),
        // Pseudorandom
        sample(8, true, [
            hex`ffdf4228361ea1f8165852136b3480f7`,
            hex`0e1666f2dc652f7708fb8f0d`,
            hex``,
            hex`25b12e28ac0ef6ead0226a3b2288c800`,
            hex`f7bd379d130477176b8bb3cb23dbbbaa1ee6513ce30c7873f59dd4350a588f42`,
        ]),
        // Pseudorandom
        sample(10, true, [
            hex`a8ee11b26d7ceb7f17eaa1e4b83a2cf6`,
            hex`fbbc04fd6e025b7193eb57f6`,
            hex``,
            hex`c08f085e6a9e0ef3636280c11ecfadf0c1e72919ffc17eaf`,
            hex`7cd9f4e4f365704fff3b9900aa93ba54b672bac554275650f4eb193241226db017b32ec38ca47217`,
        ]),
        // Pseudorandom
        sample(12, true, [
            hex`e63a43216c08867210e248859eb5e99c`,
            hex`9c3a4263d983456658aad4b1`,
            hex`834afdc5c737186b`,
            hex`b14da56b0462dc05b871fc815273ff4810f92f4b`,
            hex`bf864616c2347509ca9b10446379b9bdbb3b8f64a97d25b490390b53c5db91f6ee2a15b8`,
        ]),
        // Pseudorandom
        sample(16, true, [
            hex`e12260fcd355a51a0d01bb1f6fa538c2`,
            hex`5dfc37366f5688275147d3f9`,
            hex``,
            hex`d902deeab175c008329a33bfaccd5c0eb3a6a152a1510e7db04fa0aff7ce4288530db6a80fa7fea582aa7d46d7d56e708d2bb0c5edd3d26648d336c3620ea55e`,
            hex`d33bf6722fc29384fad75f990248b9528e0959aa67ec66869dc3996c67a2d559e7d77ce5955f8cad2a4df5fdc3acccafa7bc0def53d848111256903e5add04208bc833de510863b4b432c3cbf45aa7cc`,
        ]),
        // Pseudorandom
        sample(20, true, [
            hex`62b3881832d428b6f900cacfa0fc5cd8`,
            hex`f4cb98cc99e7bc424a98384e`,
            hex``,
            hex`0b91dd36a6fa967a257b267d12cbc20b56ed615b205d044a04b4ae8aaa365bd29a3b8f47a0828ef63324d1ff924c68090abaaad78df602edee0621b823f94c35ada7b62d81f21dd9945d1abb4ef882cfab12c2e4cec705df3d669183fe681753503a99a871637953537ef479b1f62de7819dbb5c950de7722090942d38129aefa7`,
            hex`00574615883e222657bdf34e9327888f5d532d086581834c62adf54c7fee46927ca27cba193d86c6140b3610a2cd16ba295814b5b7d6a1c8d3f039e0e8f8d7942b0616a9b9f0012884311b0c370f9dd6b9a3d8b6ff36177683c0dd858850dd29993b3eec89a2ab8068038e2c86a2e71b5cacdb38ad69ac0580e29a6f7813c1725888b99f768364ff9e95a94ccbbc1b166e`,
        ]),
        // Pseudorandom
        sample(24, true, [
            hex`4a30eac07b788b7354a90e6448f56676`,
            hex`c359d567616b6384ac20a43f`,
            hex``,
            hex`9a17b9d1dbe666f7431cbdd3b3173948c7ac13f268e12807256d2e5831ae67a14116144910b38368934571daff9d4004ba959b3cae2669e6eed49e750ca228415c6f7d1c1f2d3dbb02f4dfa49483a7f80fbcc1cb01d22c67817cc7a2bd2714eb62cdf8fb884a66ed245167cdb22e0dbc7b153e648714dfe83414696cffa892daf5af8820d562bdf55f76be5584a34b7e349d10d76c6e68305835b551a41ebf48e068320d875334a6a2d3108b1e93f7aa8da485d7a5470d805e0dd38c09feaa0f494d0572de314a287439f48aee5a2fa8e9850c6127ee88d50c5e8a2ac3eaa7b2fdd1589813fb3affa6589831df132bd576fbed21717e2b6766e593ed74dab35da125c433763ea90234dc6f01d37be14c78b8861be1fb4c8296b3faee65b6ef8a9daa6884e936359346f2da9f6981f9d64f676767641ada628aa8c7129326bd4ee57e515a2f78ba18c595b9bc1d0f49068734a67e635554eee688816061e904a4e05125d0e7797305451a7c3a1a3c507daedb990c12ca290a0f554aa8e834653aa21a0469d3b0c08ee512b323cb193779c9fe2f2b3f03794cd42f0220031d0c8eeb9c73a3283a599bc78da3b5b41b243edf082b23801a15d9956fca60f35acfb65c4d06d28aff81a1ca98c6faf8645be920bd87c03c054a0469b292ae34d05860e8d9b061300370463dcd5fcd6fb1d6b1acc9b4eb25cabd9de4e61d44922fcc`,
            hex`3e13588d5a014dcc1cbf46bd6c3f06dfbef1464649e79a9bcbd99484686d72653827882dba803a5683f82a9bdfec6b44b29b7c13f3f2b5dbc675780540f6a8a08e45f59fa88021095f8b3db5f10bc21721a56d65a589216cbc5b1915cbe7e2f8612a9d24b30ecde2a296a96f48ad1160720537312208e9b6824e6413f2084f229dc6e953c4b8a054e3c368ef1f70dd9cf276caa4cc251e475f507a2bd072b7f4a1311302f617e2cc594eb6a0c49ac173db07831945f5129a38e45135beb97b39393f73d0977e324820533f3dd752051996543a0620ebba50288923f1d0181badb2204c7469e8b4b5d14a984c3f0f3d34bb383416149e0a0ca14f4f6dfe58902a48ecd3bdbc02a8c84bb303e83491824b2ca976991b229d715af2bf4ba3385d7d93e3ada52f12317b73e2939628d7589810d6a278d4c24e907b4ffce0d177b040e9dce97b63c9b8c1743ad6febd0c9a273f648b91ba5b5719159785db770c664290e93d69ba14757d8bba68f0f93a136031a97c72f2be6bf9e15237e998395930b4d1f87b57a5fa65494dc8feb761bdaffed4b3bf0073e9244abb4a3a7e15e2d52a3bb8446766f0e7563702a943dd16d5db9dbecb0044e462bed17eab81b312aa4f32415db8f09bc0cc2db7406f4f67862af986b965237913d119ca85b8d64b4e610034891f78433f370fbe6c9996a69d0de308ed685f4339f9b67fa5ec100e58743a6d49272df201d81dcccdaf76fa`,
        ]),
        // Pseudorandom
        sample(28, true, [
            hex`c4b03435b91fc52e09eff27e4dc3fb42`,
            hex`5046e7e08f0747e1efccb09e`,
            hex`75fc9078b488e9503dcb568c882c9eec24d80b04f0958c82aac8484f025c90434148db8e9bfe29c7e071b797457cb1695a5e5a6317b83690ba0538fb11e325ca`,
            hex`8e887b224e8b89c82e9a641cf579e6879e1111c7`,
            hex`b6786812574a254eb43b1cb1d1753564c6b520e9ad8c09610d508f3d0f03cc523c0d5fcc`,
        ]),
        // Pseudorandom
        sample(32, true, [
            hex`d9218931dc592aef3bffb924c9e0b02c`,
            hex`17d824f4f2f191e9c9dc0a52`,
            hex`76dcb9948575b503fea75cb3d4949bb96ae3d2c1780f185e0fb3cd5b83eb7090be7a966f6146a4db7ef82f8adb9b10158b69d4bb19dffe4c639fe278d0334e68aaf1b68451a8e6778ddbb29aac4b25bcb2ea059601ee2eba439134aecd0ceacd98e388c40114c11969dfd4a16beeaf3d1c7410e99e674894445821e8fcda7b7ba7`,
            hex`29f29bfc5b09ff158d74fbf7532c06aa3afa936c`,
            hex`d0d22cc0893261b105c021f534737599cac3b10df55f4ac6d836fc288036a63f53b0ddd4`,
        ]),
        // Pseudorandom
        sample(36, true, [
            hex`01842c51b9943da4ec4effc057f8c3e3`,
            hex`0d5bf8ade38ed384861839b8`,
            hex`e2b0c047ee9a7ebde0bc5c2a773f02703f2526226d7fd721a6bdae1d9701da986db6c9bf224f032947bbcc40b269e40c7a4fc1a3d667cf6379843ecc3b9d0664dcde0dfe8d803aa8e14a59cfea1cc58bd93e8a54d5936229a21c497bd75c4534e19480b2a50ae8de0b906f75c1dcf737b5179daf751c3d6f51a1111c4865139393ee95963393a8f98005546759565baf95be2334e57f7c23272c9eca778d9956ee16b187fe309d9e1e699c1a8acdf370fbcab37b1e107934bb156987a282bdef9f9a92758474d808a3e3b191a6476f3e6ed49dc08451e3404e65918fdba33ba8ea3ba09b5669b4be9a64b93bae5de662b8f35d4abbb68118de9d025ebeb599a9cd2b0e35fd82aa0df2d43b60a61512d5af934489302572f928b790e6aadff6b7304b1a4080cc4faf8c698daa3045c945d828d915da6dda0662545f7d85297a36438ea7315a48d9a097140776f3c43d28f522f8afa03000c5a0192b5fb776b3bd06d3d9c52c873fccb0ecd1a8e14187ae2621d2e2848ae30af7ed0758fdbbc497aa69d58441f4d4b8ea13aaac97c4bffc4d07dbc62ae27f00a8db0c5d1bb24042481369f6ccd4df85d9c58a90069897e17ae0334248e13306a936697d2b5dadde5ac6c10b554b6bbd27752101b5df1f1cbb8c0ec1977c4581ab8dcd26a31dff01433785206b6595e3b824b5834295407f5027159eee46189f390537ddce6db5`,
            hex`dfc40cf38738675120f03b12505589b2f02bba68`,
            hex`e4035356a34bb01ea65c7e6d972cb4cec0252a791054ef6bc0a5156445cf760a2a65d847`,
        ]),
        // Pseudorandom
        sample(38, true, [
            hex`e7e0827a582b946828cb6df0d1c4617e`,
            hex`3a403192064a51df71a3554f`,
            hex`053d3468b4d0a5a6a12dff017c40218c2f990158c50a95503130bb92a5d7615973ec8827043b29222e15713fb9a58db90a397d31b16e21b3befd3d66d8990312b3f7ada3f39abbe92e17a1a66d6a290534b3110287915b08f47431a1bfb9c823e54a16b287a57d4c3463c838c462dc7898a3d7f5f653a945744dbb126bd21802e4684ad7dc90391b8b8000343db337145bf17fe31fdc434163ee6ae44ada02de6192bda57018dde5ba1f59721b4583968efe8613816c3502ac1b1ef162d0085f8df37b3436d14cc54684e898fcb695f15a59d7df60eaa028388d7fdca2bbd90e07a1a02281dc85e00d83750bef47fe0256b23ccd83c864e8619b7b7e75c9b24814e6533c4f7855e4fa21de0747c64795aac015ab532d033e205898a7511da32f898daed383a48314db35f75e7bf12c7a99e50eb8dc93f8700624438211cda86423cfde8d183ae5d6ad70133753e40f73652dfd03074fee034ce6d16ccfc0b3341a9ec18e630872f625e04129173313ee22b1cbcbd90ee74c5019173eed3ab2a47f16c8672e449e06e3bec4d05971fe8eba752d5d962e6e7d27408464441b3db18804fc1e5c428e970688d8c55f2980f30a6b86034ad2f79a76ef44c8d816345a6270c15c79deebf3dcbc1a1a968d318b6cccc09ab755cbe0f6ff4c23710935a4ea5bcab51c307454fba56cef1308b7cf0738626964ae7d2b65ad54d52872699b96`,
            hex`65e0007f93225599dfc59107720c503c0158f3f4`,
            hex`336c3b0080eb95480e671366be5508b1fe6ab14e63278e1781fad93131ecfd619275890c`,
        ]),
        // special case, SpecialCase
        sample(39, true, [
            hex`00112233445566778899aabbccddeeff`,
            hex`000000000000000000000000`,
            hex``,
            hex`ebd4a3e10cf6d41c50aeae007563b072`,
            hex`f62d84d649e56bc8cfedc5d74a51e2f7ffffffffffffffffffffffffffffffff`,
        ]),
        // special case, SpecialCase
        sample(40, true, [
            hex`00112233445566778899aabbccddeeff`,
            hex`ffffffffffffffffffffffff`,
            hex``,
            hex`d593c4d8224f1b100c35e4f6c4006543`,
            hex`431f31e6840931fd95f94bf88296ff6900000000000000000000000000000000`,
        ]),
        // Flipped bit 0 in tag, ModifiedTag
        sample(41, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d9847dbc326a06e988c77ad3863e6083`,
        ]),
        // Flipped bit 63 in tag, ModifiedTag
        sample(48, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d8847dbc326a066988c77ad3863e6083`,
        ]),
        // Flipped bit 127 in tag, ModifiedTag
        sample(59, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d8847dbc326a06e988c77ad3863e6003`,
        ]),
        // Flipped bits 0 and 64 in tag, ModifiedTag
        sample(60, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d9847dbc326a06e989c77ad3863e6083`,
        ]),
        // Flipped bits 31 and 63 in tag, ModifiedTag
        sample(61, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d8847d3c326a066988c77ad3863e6083`,
        ]),
        // Flipped bits 63 and 127 in tag, ModifiedTag
        sample(62, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d8847dbc326a066988c77ad3863e6003`,
        ]),
        // all bits of tag flipped, ModifiedTag
        sample(63, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39277b8243cd95f9167738852c79c19f7c`,
        ]),
        // Tag changed to all zero, ModifiedTag
        sample(64, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b3900000000000000000000000000000000`,
        ]),
        // tag changed to all 1, ModifiedTag
        sample(65, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39ffffffffffffffffffffffffffffffff`,
        ]),
        // msbs changed in tag, ModifiedTag
        sample(66, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b395804fd3cb2ea86690847fa5306bee003`,
        ]),
        // lsbs changed in tag, ModifiedTag
        sample(67, false, [
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`505152535455565758595a5b`,
            hex``,
            hex`202122232425262728292a2b2c2d2e2f`,
            hex`eb156d081ed6b6b55f4612f021d87b39d9857cbd336b07e889c67bd2873f6182`,
        ]),
        // small IV sizes, SmallIv
        sample(69, false, [
            hex`f3434725c82a7f8bb07df1f8122fb6c9`,
            hex`28e9b7851724bae3`,
            hex``,
            hex``,
            hex`44aca00f42e4199b829a55e69b073d9e`,
        ]),
        // unusual IV size, LongIv
        sample(260, false, [
            hex`55cb7cac77efe18a1ea3b30c65f3f346`,
            hex`e22b6b144ab26b5781316e7a42a76202ac4b2278`,
            hex``,
            hex`2f3d11ea32bf5bc72cbe2b8d`,
            hex`4fe13ef29f118f85a63188f805975b175316df8045889f43e0c857e0`,
        ]),
        // 0 size IV is not valid, ZeroLengthIv
        sample(311, false, [
            hex`8f3f52e3c75c58f5cb261f518f4ad30a`,
            hex``,
            hex``,
            hex``,
            hex`cf71978ffcc778f3c85ac9c31b6fe191`,
        ]),
    ]
}

/** Of chacha20_poly1305_test.json. Fields: key, nonce, associated data, text, sealed text with its tag. */
export function chacha20Poly1305Samples(): Sample[] {
    return [
        // RFC 7539, Ktv
        sample(1, true, [
            hex`808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f`,
            hex`070000004041424344454647`,
            hex`50515253c0c1c2c3c4c5c6c7`,
            hex`4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e`,
            hex`d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691`,
        ]),
        // Pseudorandom
        sample(2, true, [
            hex`80ba3192c803ce965ea371d5ff073cf0f43b6a2ab576b208426e11409c09b9b0`,
            hex`4da5bf8dfd5852c1ea12379d`,
            hex``,
            hex``,
            hex`76acb342cf3166a5b63c0c0ea1383c8d`,
        ]),
        // Pseudorandom
        sample(3, true, [
            hex`7a4cd759172e02eb204db2c3f5c746227df584fc1345196391dbb9577a250742`,
            hex`a92ef0ac991dd516a3c6f689`,
            hex`bd506764f2d2c410`,
            hex``,
            hex`906fa6284b52f87b7359cbaa7563c709`,
        ]),
        // Pseudorandom
        sample(10, true, [
            hex`e4912cb75a1174345f1a457366f18885fe8460b06478e04be2f7fb4ec9c113e5`,
            hex`7aa5ad8bf5254762171ec869`,
            hex``,
            hex`9e4c1d03`,
            hex`fe6849aa99ad07871b25c27defc31a541bd5c418`,
        ]),
        // Pseudorandom
        sample(20, true, [
            hex`e1094967f86d893cdfe2e2e6d5c7ee4dfef67da3c9c5d64e6ad7c1577dcb38c5`,
            hex`8092fc245b3326cddbd1424c`,
            hex``,
            hex`c37aa791ddd6accf91`,
            hex`d9d897a9c1c5bb9f01085a430373058f1a12a0d589fd5be68b`,
        ]),
        // Pseudorandom
        sample(40, true, [
            hex`1b35b856b5a86d3403d28fc2103a631d42deca5175cdb0669a5e5d90b2caafc5`,
            hex`2343de88be6c7196d33b8694`,
            hex``,
            hex`21ef185c3ae9a96fa5eb473878f4d0b242781d`,
            hex`d6e0ed54fccef30bd605d72da3320e249a9cb5c68bc6724ec803c43984ce42f6bd09ff`,
        ]),
        // Pseudorandom
        sample(80, true, [
            hex`01e75ae803d3045e6b28b7f67937eee2d8d98f77b4892d48ab1f15f57fa88bbe`,
            hex`6902e8f0ef1e9ec60a3e46f0`,
            hex``,
            hex`32dde3b9bc671fad1265b26cad3d8dd0f099134f6755f98613024e1bd10da9a62bad01a997f973101e855ee1c7e60e6b6aa1df9d80fa567d0ccca0f956680be76ed37c71fdedef560e2523e8c5fdb9516250017304f8ff416b9b8e5d17c1f062ded4616ea9d462ed6ca0dfddb9f5295b7a127c0825ffab56ea4983c01eec867f93e24a18be48ceb540986c530104fd466318eb812eb42fd04355615f92503e53799742cdc71830eaa44aeec914b6ff1cbb4f6f81ab595078331d645c8d083b469731174a706b1666e5e450cb62671067032a566f597b9866b71514a409e38fcabe844964581b3ab5152696b76e49ace66581d21f512e28e077c44948a65260`,
            hex`6bc2433f8ab0712b59c5fbc6915bc5b971002b1689d36ee49089ff0c54fa359acf9a2a22823b0f9705f702891999f0685cb5f043c5b70d7581c18332144afe7eb3e43a843efdb7ae608f23267088a180d9620aa278129b0dc7af85901815c91b9b26b1007bb394ae1586426c58b5f34f403d311a98aa5a552f7b02491aab1e358e1c06efff292cfd4f28f0ddb25fb13365850992650a8a2f551e7abecd9995bb4219e69ab32ce1b7e73a68a72d66f84f6ba8af34f4673c43e9f8b298016647b878c786ac04145759bc758342c82a71e2590da936d85fa3f0d3ccc3c26265bf5aa1ceb68b572528e3e6d261d537f72345b5ca2b807e5c5d61ca198caeb848a56e646aa9606b65092b3c5714b0a06eec`,
        ]),
        // Pseudorandom
        sample(121, true, [
            hex`7e8d8c980ce323ecc0c70865e2ebcdff9846613d73e260825152ebd8fae138a8`,
            hex`7089fdbd6507a0c6cd616812`,
            hex`f8f24096168fbd649822b44c1e426232f936470d18432ba25bc412249b2cb80b4586335bc3794da9111c1b4390c6c1bc5c6c726e7c8276d16a6d4b843181a88713681565cbac82159f4cf3333988835938510ae766223047b5d9f04831cb451c90b1f1ea3f8b6fc0b2536344e5f01fc3169d0adb94081492ac3a7c78c8a443b2b7f88c6e3149ea9f5aa15b194d0f8125dbeb63cf386ce11e5cd8df0cbea51d0da859ca7b1a7b70ca03fad12678833cabe4f50912172340ae63234a6c19e07f94cf6cf0bc0e60468e6eabb5ba0a7881c20ca6a85e10f7d227d5bd255809cb3162edb321596d8f035bd63f5211a9c1d67cbc7fbd5664a642bee4c91f6a15dbaa7e816432cd0dd55d04b6ef52457e024f483d2a8d95ce5c88d9a09ea7c28a6e6b3d35cced43224e84681374c7489688f3fd3385b9af77b760308db3407280f0d8586e2b60c6795ed38ea233070ae639c13118ba39476bc9cf447ae8dbead6dd512de32685aeb88da2b3c5f982fc68e31487ca166e511e0a60a7a7844c90681a32e7a59846c8d8406a28a2b8b0a99bbd1b6ee0130bb72ed0017c5b5aff1348cf8fe5f554b42773478109b3977091d4dd7982e65a1072044c3b54874e8156f6610b4ffa6fe799db173b024150835f130d6fd369488fc19e8cc5fbb50aa8dd8701cba2e5a71ca2b6831bcf8efb36afb50d8768c2984026b83187a5682779f3ac69839729`,
            hex`66628635128705e67c81309e9fdad58b`,
            hex`ccdecc5587d68c9d05af127461339cfb261a1df437594665341798182d5333f3`,
        ]),
        // EdgeCaseCiphertext
        sample(122, true, [
            hex`808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f`,
            hex`000102030405060708090a0b`,
            hex`00000000000000000000000000000000`,
            hex`65b63bf074b7283992e24b1ac0df0d22b555dbe2254d94a43f1de748d3cc6f0d`,
            hex`000000000000000000000000000000000000000000000000000000000000000039f4fce3026d83789ffd1ee6f2cd7c4f`,
        ]),
        // EdgeCaseCiphertext
        sample(133, true, [
            hex`808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f`,
            hex`000102030405060708090a0b`,
            hex`80000000800000008000000080000000`,
            hex`e5b63bf0f4b7283912e24b1a40df0d223555dbe2a54d94a4bf1de74853cc6f0da0c142fe098fbbe6e8d4324314434c1b98b58eadf10aed9cb1db1f2a0a1f1bb2c405c1832f94ee1a5630cd939158a621bd48c8ff710d0a1f1ef760180e6588022ad55e4121d99069218db55cd6af7c1026f21ecc0af9b7ce8a7ea0b6f426e925`,
            hex`80000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000008000000080000000800000001d1096a8ca9e2bda2762c41d5b16f62f`,
        ]),
        // EdgeCaseCiphertext
        sample(145, true, [
            hex`808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f`,
            hex`000102030405060708090a0b`,
            hex`ffffffff00000000ffffffff00000000`,
            hex`9a49c40f74b728396d1db4e5c0df0d224aaa241d254d94a4c0e218b7d3cc6f0ddf3ebd01898fbbe6972bcdbc94434c1be74a7152710aed9cce24e0d58a1f1bb2bbfa3e7caf94ee1a29cf326c1158a621c2b73700f10d0a1f61089fe78e658802552aa1bea1d990695e724aa356af7c10590de1338af9b7cef5815f497426e925`,
            hex`ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff0000000057eff4a525eeff2ebd7a28eb894282be`,
        ]),
        // Flipped bit 0 in tag expected tag:f4409bb729039d0814ac514054323f44, ModifiedTag
        sample(146, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`000102030405060708090a0b`,
            hex`000102`,
            hex``,
            hex`f5409bb729039d0814ac514054323f44`,
        ]),
        // tag change to all 1 expected tag:f4409bb729039d0814ac514054323f44, ModifiedTag
        sample(165, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`000102030405060708090a0b`,
            hex`000102`,
            hex``,
            hex`ffffffffffffffffffffffffffffffff`,
        ]),
        // tag change to all 1 expected tag:29914007a6119dd3f109bba21ce9a7d6, ModifiedTag
        sample(185, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`000102030405060708090a0b`,
            hex`000102`,
            hex`000102030405060708090a0b0c0d0e0f`,
            hex`d03bcb3ca52d48d1d203b1e7b1a5995affffffffffffffffffffffffffffffff`,
        ]),
        // Flipped bit 63 and 127 in tag expected tag:66405a16e8b44eba92aa47f5cea52b7a, ModifiedTag
        sample(203, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`000102030405060708090a0b`,
            hex`000102`,
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20`,
            hex`d03bcb3ca52d48d1d203b1e7b1a5995af1a0466a61bb386a2e12d189a2c4ea15e966405a16e8b44e3a92aa47f5cea52bfa`,
        ]),
        // edge case for poly1305 key:ffffffefeb344f6bc37ba77ea2ee06dfe8c7f4ae10810422124fc5e1bd7fe301, EdgeCasePolyKey
        sample(206, true, [
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`,
            hex`000102030405060710abb165`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`,
            hex`dc8ce708bf26aab862d97e1b42f31ef38c382cf07174142ea564920612997b1c2e38aca2438b588d5459493e97e7fa330ff9bc3b9458297ba0967d86ed090b435103478f2869b93ee29c837e95fb6b9903f3b735b7345428eb93b3db1d9b5187cebb889aa177d83e4f63fc9a5c0596eed939883d06aacdfdea44fdecdf5cb7fc`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffc296436246c3a7c4b3ba09ab2a6a0889`,
        ]),
        // edge case for poly1305 key:415f08302f210340240d0e903e2b01205ba43e106aebd7e2481016b31118b1ae, EdgeCasePolyKey
        sample(215, true, [
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`,
            hex`00010203040506073c0df637`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`,
            hex`2e8e45e903bfab32f2f0d49d9a3e449bef6f4093e2722cdab2cf935c1822b830fb5a4056516d560dfc8638c9a57d2927200a56f0b67153271d498e8f08dc888c61ef634f7ae40f4608f96f92fea5a1e5bd45131120098dc5de0378e58f2ddb46fa4aa5adb38fe006bb19b69146382f77a79e06214def547cfb5ce37a7008b9b6`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff5f93946478d8081e7247f414ad39a515`,
        ]),
        // edge case for poly1305 key:feffff1ff6b87403fd6435b09775bc92491a0ae62c5842a30e3b82710cc2dad1, EdgeCasePolyKey
        sample(216, true, [
            hex`9de836aa579585081f330a7c4036e20e38ef15eff3945184d231867f505fffdf`,
            hex`00000000101112130bc672c3`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`,
            hex`3619cb470af86dceceb6940f2d9abb34c9a9131476053387445ffebbe240d4f9818377855652f46a8219c7f71c3554f8acef8258de4b7d17c0f3d353ac981cc6a13287be1e6b41dc6d133df4ababebdf43d665ce7a4a5c982a0b139cb8202eebc74173e3224a440e4c37d2b595f384290e939ba016df0d49b36cdb4bd91c39`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff133fe62391744d11ce44594b96c53baf`,
        ]),
        // edge case for poly1305 key:bc90156087e0125006d90c30babd0590427bff19de1f2e7d0757a79528731138, EdgeCasePolyKey
        sample(225, true, [
            hex`9de836aa579585081f330a7c4036e20e38ef15eff3945184d231867f505fffdf`,
            hex`00000000101112130d8fcf4e`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`,
            hex`cfc3db8631c81c69023a3c8a9ad66c35053685144c4fa2a9510add72e211dad9ca5b982e4c194591fdb74116280311d1299ad81227258cb52f079bbcb12aff161d278dec33a326d71276b3de01a8327ee7f45f94179dff18a3fe643e56c30cfd03871c8110ab00f6612b9e17a4647360d7847bb63a3122613c2e7cdddd08ae`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff1ae2ed84ea9774d78d782bf8d972a8b8`,
        ]),
        // edge case for tag, EdgeCaseTag
        sample(226, true, [
            hex`404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f`,
            hex`000102030405060708090a0b`,
            hex`ffffffffffffffffffffffffffffffff415771fda4fbcc55c377f73203e60226`,
            hex`e48caf8a76183327c9561a4651c07c822ccd1642c06607d0d4bc0afb4de15915dbfa3b0b422e77e15c64bf6247031f15fdb643117809821870000adf83834da5`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff000102030405060708090a0b0c0d0e0f`,
        ]),
        // edge case for tag, EdgeCaseTag
        sample(232, true, [
            hex`404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f`,
            hex`000102030405060708090a0b`,
            hex`ffffffffffffffffffffffffffffffffa08164425d7642e9e90fc8d5c32d2cf6`,
            hex`e48caf8a76183327c9561a4651c07c822ccd1642c06607d0d4bc0afb4de15915dbfa3b0b422e77e15c64bf6247031f15fdb643117809821870000adf83834da5`,
            hex`ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff000000000000000000000000`,
        ]),
        // Intermediate sum of poly1305 after processing112 bytes is 0x0., EdgeCasePoly1305
        sample(233, true, [
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`,
            hex`000102030405060710abb165`,
            hex`ffffffff`,
            hex`c68ce708bf26aab862d97e1b42f31ef37bb66f8090c149e452ec7f20327eb2ea2e38aca2438b588d5459493e97e7fa330ff9bc23c897df6b00af86931d6c81555103478f2869b93ee29c837e95fb6b9903f3b72debfba2384baa48ceedfedb91`,
            hex`e5ffffffffffffffffffffffffffffff0871bc8f1e4aa235087712d9df183609ffffffffffffffffffffffffffffffffffffffe7a33009ef5fc604ea0f9a75e9ffffffffffffffffffffffffffffffffffffffe7a33009ef5fc604ea0f9a75e93572162777262c518eef573b720e8e64`,
        ]),
        // Intermediate sum of poly1305 after processing64 bytes is 0x3ffffffffffff8000000000000., EdgeCasePoly1305
        sample(257, true, [
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`,
            hex`000102030405060710abb165`,
            hex`ffffffff`,
            hex`2bfd0d56ece98771756d60d9d9106cd0c6fc106936c7ef347c078fd71c54228164fc903b0438a3978d3a54ef992aa3ae`,
            hex`088e15a1ac30d236e84be13d641c8ddcb53bc366b84c04e5269ce22ef132a662b53bc366b84c04e5269ce22ef132a662345fc9fe573c136c1be83730500ce662`,
        ]),
        // Intermediate sum of poly1305 after processing80 bytes is 0xa., EdgeCasePoly1305
        sample(306, true, [
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`,
            hex`000102030405060703e76f6f`,
            hex`ffffffff`,
            hex`34de9b9ec8b247d42bbee2016d6715ba74cf7e9d82b7e8ed9ec965f6ea310951dc104940e08a4222556828eba459f65a4a006d28729d95d79d2372f77aeeab35`,
            hex`d4ffffffffffffffffffffffffffffffc9ba04216978fdc837945fd581859c08ed1f06e9bd9b718c799feff21bc757b1ed1f06e9bd9b718c799feff21bc757b121e63987d494673f3040ae9de2bc0da0`,
        ]),
        // nonce has size 0., InvalidNonceSize
        sample(317, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex``,
            hex``,
            hex``,
            hex``,
        ]),
        // nonce has size 8., InvalidNonceSize
        sample(318, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`0001020304050607`,
            hex``,
            hex``,
            hex``,
        ]),
        // nonce has size 11., InvalidNonceSize
        sample(319, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`000102030405060708090a`,
            hex``,
            hex``,
            hex``,
        ]),
        // nonce has size 32., InvalidNonceSize
        sample(325, false, [
            hex`202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f`,
            hex`000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f`,
            hex``,
            hex``,
            hex``,
        ]),
    ]
}

/** Of ecdsa_secp256r1_sha256_test.json. Fields: public key, digest, signature. */
export function ecdsaP256Samples(): Sample[] {
    return [
        // pseudorandom signature, ValidSignature
        sample(1, true, [
            hex`0404aaec73635726f213fb8a9e64da3b8632e41495a944d0045b522eba7240fad587d9315798aaa3a5ba01775787ced05eaaf7b4e09fc81d6d1aa546e8365d525d`,
            hex`e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`,
            hex`3045022100b292a619339f6e567a305c951c0dcbcc42d16e47f219f9e98e76e09d8770b34a02200177e60492c5a8242f76f07bfe3661bde59ec2a17ce5bd2dab2abebdf89a62e2`,
        ]),
        // signature malleability, ValidSignature
        sample(5, true, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304402202ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e1802204cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76`,
        ]),
        // length of sequence [r, s] contains a leading 0, BerEncodedSignature
        sample(9, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3082004502202ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // uint64 overflow in length of sequence [r, s], InvalidEncoding
        sample(13, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`308901000000000000004502202ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // length of r uses 33 instead of 32, InvalidEncoding
        sample(69, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304502212ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // appending unused 0's to r, ModifiedSignature
        sample(85, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304702202ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e180000022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // replacing r with zero, ModifiedSignature
        sample(109, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3026020100022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // replaced r by r + n, RangeCheck
        sample(152, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`30460221012ba3a8bd6b94d5ed80a6d9d1190a436ebccc0833490686deac8635bcb9bf5369022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // replaced r by r + 256 * n, RangeCheck
        sample(154, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3047022201002ba3a7be6b94d6ec80a6d9d1190a432be6dfbb2cb98d6d4d72972df620817f18022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // replaced r by -n - r, ModifiedInteger
        sample(157, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`30460221fed45c5742946b2a127f59262ee6f5bc914333f7ccb6f979215379ca434640ac97022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // replaced s by s + n, RangeCheck
        sample(160, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3046022101b329f478a2bbd0a6c384ee1493b1f518276e0e4a5375928d6fcd160c11cb6d2c022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // replaced s by s + 2**256, IntegerOverflow
        sample(165, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3046022101b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db022100b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db`,
        ]),
        // Signature with special case values r=0 and s=1, InvalidSignature
        sample(169, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3006020100020101`,
        ]),
        // Signature with special case values r=1 and s=1, InvalidSignature
        sample(177, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3006020101020101`,
        ]),
        // Signature with special case values r=n and s=1, InvalidSignature
        sample(193, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3026022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551020101`,
        ]),
        // Signature with special case values r=n - 1 and s=1, InvalidSignature
        sample(201, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3026022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550020101`,
        ]),
        // Signature encoding contains incorrect types: r=0, s=nan, InvalidTypesInSignature
        sample(233, false, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3006020100090142`,
        ]),
        // Edge case for Shamir multiplication, EdgeCaseShamirMultiplication
        sample(295, true, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`70239dd877f7c944c422f44dea4ed1a52f2627416faf2f072fa50c772ed6f807`,
            hex`3044022064a1aab5000d0e804f3e2fc02bdee9be8ff312334e2ba16d11547c97711c898e02206af015971cc30be6d1a206d4e013e0997772a2f91d73286ffd683b9bb2cf4f1b`,
        ]),
        // special case hash, SpecialCaseHash
        sample(300, true, [
            hex`042927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e`,
            hex`a2bf09460000000076d7dbeffe125eaf02095dff252ee905e296b6350fc311cf`,
            hex`30440220204a9784074b246d8bf8bf04a4ceb1c1f1c9aaab168b1596d17093c5cd21d2cd022051cce41670636783dc06a759c8847868a406c2506fe17975582fe648d1d88b52`,
        ]),
        // small r and s, SmallRandS, ArithmeticError
        sample(355, true, [
            hex`04a71af64de5126a4a4e02b7922d66ce9415ce88a4c9d25514d91082c8725ac9575d47723c8fbe580bb369fec9c2665d8e30a435b9932645482e7c9f11e872296b`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3006020105020101`,
        ]),
        // small r and s, SmallRandS, ArithmeticError
        sample(361, true, [
            hex`04899a4af61867e3f3c190dbb48f8bc9fc74b70a467a4a1f06477b3af2f39ab8ed47ac000f9ea8a3034939bf48ad5d061a69fc8495ae4df2dbec7effa03a0062b3`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3006020106020106`,
        ]),
        // r and s are 128-bit integer, ArithmeticError
        sample(373, true, [
            hex`04b98740e69e61a325d5f772e3b5c4f67fb7150b16a9afeca9ddc4afcbb6fa0549c446e814138e4ebc82dbf86a390056d4595dcf45e381fef217a4597d7bd51498`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`30260211008a598e563a89f526c32ebec8de26367c02110084f633e2042630e99dd0f1e16f7a04bf`,
        ]),
        // edge case modular inverse, ModularInverse, ArithmeticError
        sample(385, true, [
            hex`04ed0587e75b3b9a1dd0794f41d1729fcd432b2436cbf51c230d8bc7273273181735a57f09c7873d3964aa8102c9e25fa53070cd924cb7e3a459174740b8b71c34`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`30440220555555550000000055555555555555553ef7a8e48d07df81a693439654210c700220266d30a485385906054ca86d46f5f2b17e7f4646a3092092ad92877126538111`,
        ]),
        // point at infinity during verify, PointDuplication, ArithmeticError
        sample(392, false, [
            hex`04b533d4695dd5b8c5e07757e55e6e516f7e2c88fa0239e23f60e8ec07dd70f2871b134ee58cc583278456863f33c3a85d881f7d4a39850143e29d4eaf009afe47`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304402207fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a80220555555550000000055555555555555553ef7a8e48d07df81a693439654210c70`,
        ]),
        // edge case for signature malleability, ArithmeticError
        sample(393, true, [
            hex`04f50d371b91bfb1d7d14e1323523bc3aa8cbf2c57f9e284de628c8b4536787b86f94ad887ac94d527247cd2e7d0c8b1291c553c9730405380b14cbb209f5fa2dd`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304402207fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a902207fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8`,
        ]),
        // u2 == 1, ArithmeticError
        sample(397, true, [
            hex`043623ac973ced0a56fa6d882f03a7d5c7edca02cfc7b2401fab3690dbe75ab7858db06908e64b28613da7257e737f39793da8e713ba0643b92e9bb3252be7f8fe`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`30440220555555550000000055555555555555553ef7a8e48d07df81a693439654210c700220555555550000000055555555555555553ef7a8e48d07df81a693439654210c70`,
        ]),
        // point duplication during verification, PointDuplication
        sample(427, true, [
            hex`045b812fd521aafa69835a849cce6fbdeb6983b442d2444fe70e134c027fc46963838a40f2a36092e9004e92d8d940cf5638550ce672ce8b8d4e15eba5499249e9`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304502206f2347cab7dd76858fe0555ac3bc99048c4aacafdfb6bcbe05ea6c42c4934569022100bb726660235793aa9957a61e76e00c2c435109cf9a15dd624d53f4301047856b`,
        ]),
        // duplication bug, PointDuplication
        sample(428, false, [
            hex`045b812fd521aafa69835a849cce6fbdeb6983b442d2444fe70e134c027fc469637c75bf0c5c9f6d17ffb16d2726bf30a9c7aaf31a8d317472b1ea145ab66db616`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`304502206f2347cab7dd76858fe0555ac3bc99048c4aacafdfb6bcbe05ea6c42c4934569022100bb726660235793aa9957a61e76e00c2c435109cf9a15dd624d53f4301047856b`,
        ]),
        // point with x-coordinate 0, ArithmeticError
        sample(429, false, [
            hex`046adda82b90261b0f319faa0d878665a6b6da497f09c903176222c34acfef72a647e6f50dcc40ad5d9b59f7602bb222fad71a41bf5e1f9df4959a364c62e488d9`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`30250201010220555555550000000055555555555555553ef7a8e48d07df81a693439654210c70`,
        ]),
        // public key shares x-coordinate with generator, PointDuplication
        sample(444, false, [
            hex`046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3045022100bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca6050230220249249246db6db6ddb6db6db6db6db6dad4591868595a8ee6bf5f864ff7be0c2`,
        ]),
        // public key shares x-coordinate with generator, PointDuplication
        sample(446, false, [
            hex`046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296b01cbd1c01e58065711814b583f061e9d431cca994cea1313449bf97c840ae0a`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3045022100bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca6050230220249249246db6db6ddb6db6db6db6db6dad4591868595a8ee6bf5f864ff7be0c2`,
        ]),
        // x-coordinate of the public key has many trailing 0's, EdgeCasePublicKey
        sample(448, true, [
            hex`044f337ccfd67726a805e4f1600ae2849df3807eca117380239fbd816900000000ed9dea124cc8c396416411e988c30f427eb504af43a3146cd5df7ea60666d685`,
            hex`2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91`,
            hex`3046022100d434e262a49eab7781e353a3565e482550dd0fd5defa013c7f29745eff3569f10221009b0c0a93f267fb6052fd8077be769c2b98953195d7bc10de844218305c6ba17a`,
        ]),
        // x-coordinate of the public key has many trailing 1's, EdgeCasePublicKey
        sample(457, true, [
            hex`042829c31faa2e400e344ed94bca3fcd0545956ebcfe8ad0f6dfa5ff8effffffffa01aafaf000e52585855afa7676ade284113099052df57e7eb3bd37ebeb9222e`,
            hex`2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91`,
            hex`3045022100d82a7c2717261187c8e00d8df963ff35d796edad36bc6e6bd1c91c670d9105b402203dcabddaf8fcaa61f4603e7cbac0f3c0351ecd5988efb23f680d07debd139929`,
        ]),
        // x-coordinate of the public key is small, EdgeCasePublicKey
        sample(463, true, [
            hex`0400000003fa15f963949d5f03a6f5c7f86f9e0015eeb23aebbff1173937ba748e1099872070e8e87c555fa13659cca5d7fadcfcb0023ea889548ca48af2ba7e71`,
            hex`2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91`,
            hex`3046022100b7c81457d4aeb6aa65957098569f0479710ad7f6595d5874c35a93d12a5dd4c7022100b7961a0b652878c2d568069a432ca18a1a9199f2ca574dad4b9e3a05c0a1cdb3`,
        ]),
        // y-coordinate of the public key is large, EdgeCasePublicKey
        sample(469, true, [
            hex`04bcbb2914c79f045eaa6ecbbc612816b3be5d2d6796707d8125e9f851c18af015fffffffeecad44b6f05d15b33146549c2297b522a5eed8430cff596758e6c43d`,
            hex`2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91`,
            hex`3046022100d7d70c581ae9e3f66dc6a480bf037ae23f8a1e4a2136fe4b03aa69f0ca25b35602210089c460f8a5a5c2bbba962c8a3ee833a413e85658e62a59e2af41d9127cc47224`,
        ]),
        // signature with non-minimal INTEGER tag on r, InvalidEncoding
        sample(473, false, [
            hex`0404aaec73635726f213fb8a9e64da3b8632e41495a944d0045b522eba7240fad587d9315798aaa3a5ba01775787ced05eaaf7b4e09fc81d6d1aa546e8365d525d`,
            hex`e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`,
            hex`30461f022100b292a619339f6e567a305c951c0dcbcc42d16e47f219f9e98e76e09d8770b34a02200177e60492c5a8242f76f07bfe3661bde59ec2a17ce5bd2dab2abebdf89a62e2`,
        ]),
        // r = 5 + n, x = 5 is invalid; r was not reduced mod n, ArithmeticError
        sample(477, false, [
            hex`04264d796a0dab9b376d34eea6fe297dde1c7b73e53944bc96c8f1e8a6850bb6c9cf5308020eed460c649ddae61d4ef8bb79958113f106befaf4f18876d12a5e64`,
            hex`09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b`,
            hex`3046022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632556022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e`,
        ]),
        // r = p - n + 5, x = 5 is invalid; r is too large to compare r + n with x, ArithmeticError
        sample(481, false, [
            hex`040ec505bc19b14a43e05678cccf07a443d3e871a2e19b68a4da91859a0650f32477300e4f64e9982d94dff5d294428bb37cc9be66117cae9c389d2d495f68b987`,
            hex`09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b`,
            hex`303502104319055358e8617b0c46353d039cdab3022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63254e`,
        ]),
    ]
}

/** Of rsa_pss_2048_sha256_mgf1_32_test.json. Fields: modulus, exponent, digest, signature. */
export function rsaPssSamples(): Sample[] {
    return [
        // valid signature, Normal
        sample(1, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`,
            hex`4f01e0c12b08625ecac89a69231906edf826380f37c959a96690d046316d68ffce9d5c471694fcebfc6b45534864689256e4fc81c78e583f675d0c94b449647451e81beff01a11a516d5e5ce3f1a910437cb8a3a5096b19fb15f4524a35b23d89cdba12cf5b71aac1047b28c562df7c5542c34ce23a182cf7e0e231934b17294799d44877a1d68ef1b8f073619b7618e6b7c22db20030d98cf591ffc3d4da5f58613ecd5ecfc3b40a1d02f40891ca43695cd4c088b05a8054c89c595a47e274816f35384226f74459ee63e25a1bfc03c360490552ec38343f8ace502f065303b00bc0ec320711b211fde92e57feb9013c3609342495ec0d7cabdec21e54acc38`,
        ]),
        // valid signature, Normal
        sample(2, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`de47c9b27eb8d300dbb5f2c353e632c393262cf06340c4fa7f1b40c4cbd36f90`,
            hex`0658c68fe0895646056d9bca422a64fe48813b4e14f0c8c4122e56d345b6813dc6286ffde014617e351c7af0a0d2c0f285def79cb734e1e055a25fa6fddc1c07da17b4b235c637413b1849c24311fa72331f4c0458c364a4916de8619b884d7e37288fad12926fc091f4851686a04fd0a504dbce3db370663a6ea6128fea86c2ca94c63e0d34d7f2c845b5d71d9a5e544451f524a451acb85c49bba7864e0a34a48613a819caf3dfd0d510c940f1df21c3373915be1f3509a557fa4d5a4e9f273e85467961133e2482c0907386454228fb0246638616fc31bbb6fa7c2361b8035994eec69a923f4c0bb0ba8696dfe8b1400c2398d7b343fdf498b1116c8de602`,
        ]),
        // special case for hash, SpecialCaseHash
        sample(9, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`7300000000213f2a525c6035725235c2f696ad3ebb5ee47f140697ad25770d91`,
            hex`0b47d3bfedac89323cef0d273035674b937f4106355c0baabf6664a57b3064a789592ec5ec4a63997b6f3dd81b0514a78b8824edb2b0ffaf45f8ae6432ce3521bf77e01912df0da5d6fad9f554a3d69b402866526e6914b5c78af847233d3482598143dd6fc65a81df92cfe119f38b0d4f9d1a51a99aa569e42cdec9b42a0598f5f0bbaa1bcd44c19c7614202e0aebaaefff7f3d197635e490bba81927ce491a5810952593f8fd57a80f60bc3c0b2a7b10a0f9dd4930db8172bcb1642f6d03332a7d90ce1edc1f8054b5bd4f4760996bcd565bddd2c6dc8f54fc6da5e6fe80a2248f920216b1bb836d7885a023d92edad5d20b0e47cf5beb2cbb1393c624eb3a`,
        ]),
        // first byte of m_hash modified, ModifiedSignature
        sample(62, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`67d1d1c0a398148625317c3f5e44b738bdf461c27a59594b39ebb2aebef233c7809379e54411411b82d2e7ac88f989b58373d532c758baea121878ce9759441738d121881c1fa2d04421f02dd565b12770d844611ed1873a0b64d822709a6b78d6d3892b294404bce6711001d6c3a54546c76a1d17819674b0be904497a233b466fe4becc832dee740f9ab79e5b9f5db0b0f9aac0084ba05cebf42303b5ca2ad95e3d61b29ed6475545c02e93e7b0e118af92f5cddb1faeb2cbc23c9e69c120e29df7fe31991e887b3b29e77688c60e80be65cccf3d7861a7a14c39e6a6e5645568e2cc5e4a17b75db1dd415aadb45e112a9b582b2ff6e82a43d7a7347b7b56d`,
        ]),
        // last byte of m_hash modified, ModifiedSignature
        sample(65, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`455221c385f769fedd123afa37a42b7477d6c3ed968ce44d4982c41ad29a3f59baeb2b566dbacc91b423fbaec371f3809c20cad6afcc2b8df782e472c954cdeffca49553f6eca58781894c67fed1d9326a53422f9642031b69ff45e6a826d18e4241b5214231f7d252d4c640386a17c2a1839ba9c5a34e94b2b8f30fb259fa752339f134e54375a9a4f3a5dbd5f3fb93c38b59fc33a77dbdea9b8fab7c209e6f403d188958b5fa5481bd225b266bee6761132104890c8c25f04583084eb01c266ccbca401617120c61a388cc683fdd5d195c8dcd48f4d1a9be80c07727f78a10cd26359c8dd1d87614f8acac1506c5bba79b30c0af745c872433f17e8a52a94e`,
        ]),
        // s_len changed to 20, ModifiedSignature
        sample(69, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`57e8cc1dc00c07383d89a79b5c8e4f5bde2a2ba55a3c7201b3291c4d805b1b2eb36f8f326b542342da180abe508669bb6cc2dd54e327bc70c1e317ba93a0fd21e7fce22a0c597c7420d1d5602ac43d9348ba3eba561f250e301ab955b0dc33e4abde32946b9b3e86c8bf07a44646ca595960bb988fef04b2824967e9da8b0264f1da0659373935313a574b5380f0b54ce1bc0dde423bd3a54f6ae5fafa772a55c1c44eb6edffecf13e6e5e1edaf87a79e338577304141fbc44f0e9eeb286f553f879addd6e12e436fa3af51ad53a72f2679f0ed102d504ee08706fe111eaee49d880d1a0b91924b3b79968ed0f9bff446dac199ee89b158c074927d27b864498`,
        ]),
        // salt is all 0, ModifiedSignature
        sample(73, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`1591ae743c58ceb723a76f502e21ff6a65c24cabf5f527bab5a6f2a69f20c776fd2251e43ad22e09b1486ceb1935b2dc2ade95e233f296cc0e5a8af8109659be76b6bfdf37e14837fd6c34bfed1f19ec9d21f974b984fe4d4773896ebcc7fb862fd641cd0d77178485c70c2d68b4d9be1d863f6f254b77991fc9053f5d5415d1aa74ba9067e2e6607fb651638c9cc0430a40c9b691977b557a31d95a290a95b56ef2ec8e4313686a9c5ef48235912b210fdd2c50aafac28131104c795c42ae75810b0284b2d257e81ecac4240622ebc261ab8bceeeebe80f1cfa70f18d782aebb97d803ea3a895be541be6941df103eaaabd870848bfaf58cdaf6cecdd5a10bf`,
        ]),
        // salt is all 1, ModifiedSignature
        sample(74, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`6f2f650ac10d5aa2c16703f657233da8c035da67a6e9e950dfd0391399da3a86ca7837dd7cf23e864d9cfca1fe77dae45a01ba21d23dd918ca7bba094aae376100198f59834396ec942fcffdd7d6a44953f69bc60291b1eed5921a0434d8b8953beb9d1e1b15fdca7090fa5c646847c0b759e94f056911ad188d4b0cc399c8c345757d5022f1a38926de0cbda8648a7affd9f031262b1079a3681d58249186fec4f6e98bf151c9b680a46b88dada9b42cca365cf908ed0501cd21e02a5bc4c0675f23ece50987b703499eeb94b6c40b5cdf22299776fe30800f887a1dfff18cd8a7da8c2388060dcb78c925c54b4e620cd3fe7546accfb3bbae9de08ba886009`,
        ]),
        // all bytes in zero padding modified, ModifiedSignature
        sample(77, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`484d71be451d1f3667e01f3e7f1a80db9764f751ca87ffc6352953a773f6519e8a0f210d6d43b417670d9c0ce3c11a668cc83394a5e2d7bcd4ae98e50ed26c0ab66b41ad2e28fa703f2da04db0963875842d90a77899642dc297cf37a76fdb007a990c5b7af83e264be9323149fb680acb69a19e0c5aa949c2094e0a18abfa1b199b73363654638d86f9abe73a678ff0a41f6b702b70ea1aedb287add79b9a7f4a97535d0db46c05983072481dbe43fe6dfe33229ca1aec42e19afeb5bd35f1e44264c1fc6c18fddc95fadf1b1676f185e5b55f9a2bfe6b6d40289f240633513828a7b967748bbf0ccd1d3fb9f6240f31790a789d8c709c278ddbb0f706778b5`,
        ]),
        // last byte of hash h modified, ModifiedSignature
        sample(81, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`6b19a03c774e1c3c24ea889b552e99fe0068a6cda022d5ccb6d75a447cfa0b16b5b144208dd407e440230ffaad4f12a0746da108dab5d4f162bdc9b24dc68a2e9e077ef5702472c4ceaa89c29cac41b4782b92f6c87e014df2483580cadf2b455f823fe12c9c79a155ea32a9f1ed120fe0f13b10ab4792fd94b99e0aa6ffd27c04ef7088e3cb935436529650894fee6b5b78e0bb5aa59ee7bbb2fb46af784e2c33eb76a12cdd7d0087a081d82d3e466a381dd37d25d3b4a92756723cb1f1f49d0481d12baa21ff77c0291f902682226d99d77d36bfe58d1825988c97d9d00e15ab48c9919583fd60593fa93ab1ca8e7dabaa912f6535bbb05e82bbfaa8537b0e`,
        ]),
        // hash of salt missing, ModifiedSignature
        sample(85, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`83d3f4b18d2653189572e75e9b4464292ca649591a82b1569ce13838c245da67371b1ea78e4215eba8de713411ff060a980405f0bad99546989153017a380f9c7b566500fdd5a15830eb0c5f4723e341391268933a41311e9832b340efbc2cffb4baa9c5dd47783eac81a41e3d6336572d38b034dfe5ef4b94e5c3f903cf3e8e0a3c2c59cfd13f99f696b0fbfe71368cda5a1d28bad1af3c8976e3f6c1bac08707d2684f6d55c2ed4b433c9efde91b206e0842e534be7e88fa219763b960d9d5a43a479990aa9732661693b9e4da89a7bb5dda878ae43f5e1a11944f7a5c6efad600ddd13a148c1fc8fd2574b9667342c73f2a8b96511a5f75cb1ce486b9df81`,
        ]),
        // all bytes of ps changed to 0x80, ModifiedSignature
        sample(89, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`1377d4997c03d885e4b95f0350b1c8091a4d9beef9533dc6abd194a1439c383622b9dca5a49da247cd55c02186829f695ebb007ef0535c4757baad057d7bf76dcfe37cb9181b0c290db16d0abc51ff32d03b6a8e56ecd270dac231c81e50c7e0203d22b991291fec650b9904b2539a8a330172843bcff0cf46f06e32f55bec1f5a734e70ec8e4e8883e3c22eab7561d9c76737025352b5c9fa9c76eaacb909d23d0d7d7b6f1094ccec8ba94f149f81946faedb39ac557cc28817c9114a89a6f720d849f90cb23ad202ed4682036b3cb70b6fd5df0225900eaec7a21e39fd433d3200aed4bb4abc3b531393fa462fbc920c918f1938d33ca86e7ca3bbf1d34d74`,
        ]),
        // including garbage, ModifiedSignature
        sample(93, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`39a8e947c919ecfad7ee28bb708c1f9e825036374ea0f610bf5531d89b813d506fd00bdc15850b250ac50fc556a676c894fb641dc650999eb6239b91e2c755126bbb9fef5783a5ab834e0ad91c60e720e80e096c091167a2a1dae838a16fe0ebaa8efb3573c89ac5d8e0584b5ec4e2168ef097f937ef0f0d2a2f964a8e6a810dd15b9c27b234d788af3c4f54dc97035657ff19f2835555dbafd02c4ed3c76654fa868babb71534bfe84674eeddbfc2b27a517f666bd03a27d8173bb92826a231cd9a241c171445b416934ebec5f7eea4fb41a61937d9a98f61b2fd1ca8e2be125e85cc8d16d553b114ab72395e86fea52f54edd853e9c5156557e38f621b975a`,
        ]),
        // last byte in em modified, ModifiedSignature
        sample(97, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3b65975357ab2a410c2fae7f2f0381e6c40951260451f2eff05f0dc707abd013a996fc10658a6963f462877a808f61ad0362b9f640750b19debf3d59692134e357a49ed3693f50924b7c8a1824ccafcb4b93f7679dd892823cd479895d41fd1c40fb89fb1da19bc1fdc72eb038782f24ba3326428cfb166a475a9fd27f94d1a0ca6fa0e6a0d2c2883db3eeb2c0a59474da36211695fb811b9e8bc7f05ccb1f50d26d71a2dd209b0d269a736610c7dc1f7343a4736fa2b8c27827dfcad49bc4a86822cde1579dfbd646474f11e1a60f5e4ac2f2a3a5421a7baa9dea5d24be03cb6fee771dd808b67f886b37be5a300f6551d7e7636e9997b3255ceed5187ebcc0`,
        ]),
        // last byte in em modified, ModifiedSignature
        sample(98, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`4516c8a39b8544d1c65d96472fea0b2753060330e76e6f90f41ab349953d26ab1b95fd87484535b68c0afcf1542a9b966a9bf98b89a53bb28877b34d168a4ba8201215c55f9e86d30b7159093517682e6e956078947e54e3f3a779da032af7dc6bcab1c0b2a6693fe0eeb9de0d158bcc125293a6f10ccaf1499b6ad912ed5912537e3c3c5f18eb0ab8e701056d7b973b8b61af918858b87152b6c40671bf96735ab1a112972346e771e7cd9482f6f59d320b8798a271cf21779747f964281afa1303142eb3e1841772de825b4b5e68024dea014193c4e1c206bdc6121a8f2d41837be3d13833ed615d5b9df4ac4c86cd25344fe1022df0adabfe2d46f7d9f0d0`,
        ]),
        // signature is 0, ModifiedSignature
        sample(99, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // signature is 1, ModifiedSignature
        sample(100, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001`,
        ]),
        // signature is n-1, ModifiedSignature
        sample(101, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d4`,
        ]),
        // signature is n, ModifiedSignature
        sample(102, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
        ]),
        // appending 0's to signature, ModifiedSignature
        sample(105, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`68caf07e71ee654ffabf07d342fc4059deb4f7e5970746c423b1e8f668d5332275cc35eb61270aebd27855b1e80d59def47fe8882867fd33c2308c91976baa0b1df952caa78db4828ab81e79949bf145cbdfd1c4987ed036f81e8442081016f20fa4b587574884ca6f6045959ce3501ae7c02b1902ec1d241ef28dee356c0d30d28a950f1fbc683ee7d9aad26b048c13426fe3975d5638afeb5b9c1a99d162d3a5810e8b074d7a2eae2be52b577151f76e1f734b0a956ef4f22be64dc20a81ad1316e4f79dff5fc41fc08a20bc612283a88415d41595bfea66d59de7ac12e230f72244ad9905aef0ead3fa41ed70bf4218863d5f041292f2d14ce0a7271c6d360000`,
        ]),
        // truncated signature, ModifiedSignature
        sample(106, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`68caf07e71ee654ffabf07d342fc4059deb4f7e5970746c423b1e8f668d5332275cc35eb61270aebd27855b1e80d59def47fe8882867fd33c2308c91976baa0b1df952caa78db4828ab81e79949bf145cbdfd1c4987ed036f81e8442081016f20fa4b587574884ca6f6045959ce3501ae7c02b1902ec1d241ef28dee356c0d30d28a950f1fbc683ee7d9aad26b048c13426fe3975d5638afeb5b9c1a99d162d3a5810e8b074d7a2eae2be52b577151f76e1f734b0a956ef4f22be64dc20a81ad1316e4f79dff5fc41fc08a20bc612283a88415d41595bfea66d59de7ac12e230f72244ad9905aef0ead3fa41ed70bf4218863d5f041292f2d14ce0a7271c`,
        ]),
        // PKCS #1 v1.5 signature with SHA-256, WrongPrimitive
        sample(108, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`1758eb94588e6fc4f50c1be1afcaa41027869f304cad513b1fb12c2f446d63cdc05c4830a7e3e630da7b2da4f7867cc173bf6420f9732277282596de41ded32e21d0cc31441174da8765f57419c7764ea758f55bc17646eb100c435d1ac0eed6fc7ba6de5f832094ee2f479979765e05ac9976788db3c241a9e32a0da864f0019a87646ba623d63f4411af5dee1be9ec488c7e3e1b231479de70b9ac5f78a17b1f4120aece45f26c07e7bb345fdfeb05e14bcaacc614672a465fc523624cb19f66f9c6c3f642b832ca44cb25176d679f0e05606c3fed022cac24c2bf960a406d48818e3eb7ed53b0446032469047dfed95fc18088c92d91d93722c47f88163a8`,
        ]),
    ]
}

/** Of rsa_signature_2048_sha256_test.json. Fields: modulus, exponent, digest, signature. */
export function rsaPkcs1Samples(): Sample[] {
    return [
        //
        sample(1, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`,
            hex`840f5dac53106dd1f9c57219224cf51289290c42f20466875ba8e830ac5690e541536fcc8ab03b731f82bf66d83f194e7e180b3963ec7a2f3f7904a7ce49aed47da4d4b79421eaf937d301b3e696169297b797c32c076a12be4de0b58e003c5123051a84a10c62f8dac2f42a8640008eb3c7cccd6760ff5b51b689763922582845f048fb8150e5a7a6ca2eccc7bdc85349ad5b26c52137a79fa3fe5c29ab5cd7615013219c1941b6708e9c3c23feff5febaf0c8ebca5750b54e3e6e99a3e876b396f27860b7f3ec4e9191703c6332d944f6f69751167680c79c4f6b57f1cc8755d24b6ec158ccdbacdb23107a33cb6b332516c13274d1f9dccc21dced869e486`,
        ]),
        //
        sample(5, true, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`2f77668a9dfbf8d5848b9eeb4a7145ca94c6ed9236e4a773f6dcafa5132b2f91`,
            hex`513a5abde16b5e0ecb8659d3ca0845800adf75cfc4437d42fa34e7aafbbe35fc5984d3560cba938f9a622e932bb6162b7fbb6cd8c1cf8815f28c495995ac18cdbe8fabfdce29c17aa021df192ac02d080d7c5eda6bd4c99154178a9d5e1cf3ff4177106315f4e6d74c991b601069acd60b55b3bb4dbf6316c35096a487d6756181d3394944f1c742a2f4d608ce4f6abbfb72347ad7d342ae15dd6d1049fbd0ff55f4d7c43ab805f81ff1fbe9256b5c78c2de6beb787f4b6d66d290a3d4c4857368aea5f7ebaa1296020c8f9e3670441a08038bb810e853a654e44316a4e52428745123ce2714020d00e55a9eb82f7fb41c73d852a82b003670246c6ca2045fc8`,
        ]),
        // Missing NULL in the ASN encoding, MissingNull
        sample(8, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`095dad1fd82bcd36652a381b7f4dd656bd89b40aa58b56da4f6aa8247874b935e65d2b86752d537df7103884d39dd9ad3d65f87404526b09094c5615c6249979b0dc58d2199ae8696a5b76b4bb03eaf08c2ab6aec686c6b1b289c9b44f648bd30cb1ac6a64a73d68e59cd05e7aa1b780f4bfd7b83dfe3b884ec11821a93dc5bbb47a00eea4557b6b96b5656276001f1f295ddbbbc511a99b9a665b9c2674c8af0d812286d0be3ce74817ba2cad283757de35dfb149f2835f60cb03ff155524a57f78b148feceb84cd20b0ae22e3e48f433fbd9bfd60be8afec93165ee0310be961d3695f309d031320c830aa6ba08b5a51d943797097c57630be391bd23736cc`,
        ]),
        // length of digestInfo uses long form encoding, BerEncodedPadding
        sample(9, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`8a0e82d4f334aca72a718b6f8f643f69c6048d619d5eba71263a5d2d3ac7a7af133b780c7595ca2c982c006e861948f543cd0210c758691f9626842c25de2843ea314ca8eff285d47e0cffa54180af416004017034962a80a5959c3d3f1bfc154a4824462a93c014f6dfe920824f414a6e30e0e5944d480b99949ec7bf64c4a7461575933b17d7d6b0178b5192392ace3ed8469e8ac1dacae51ad5d3ad73dcb213e056d04596e64d8c0703def3110c7cecc93ba8ac8059f0f3d66b89d8712c62b41d407e4b4a104f4569558b0290c213cad6d0653898b9df8f4a453ab07d13bfb7598d505abbd0c4987e4f1ac66e1a523e113e370ab7cf990f0cc63f50f4f0a4`,
        ]),
        // prepending 0's to digestInfo, ModifiedPadding
        sample(25, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`8083dde7cef1b018fab0e9aa58744a665c24dad0791dfa6e8fe3e95b320a94038926f6cbaaf19562fc53f3a69e0aca0d9780af9eb9267f19a081343294356fba81518fdb961574a7ef38625c201036ae954238b889c8eeb3677f7f9df07badd5f27ceb0ccbeaebedc41b977609f8b964f028454b4406e22e0034c3655ab499d01d1b6be0c19bfc9e4ee2e209dc033ba1a66b50ffececa532c2c806cd2ed2586325d5bbc57f42840d8df88636b488ea363bb7f3ec35d65a635befe9d96ce2cb8c4b7b0f90ae3eea677debde8c6b2f63a0bd6b694922ffcdbf8e54864f4a90202eff266678490e53923dc48d70e9fbb756536fe6196553c8492fb5ecbd0a5e66d1`,
        ]),
        // changing tag value of digestInfo, ModifiedPadding
        sample(45, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`6224ef796a605bb30a142e4671549288d3ce9a7ca6ce58ef79d08b25e95a81143b99c84efc7a0b92885029752b8bc1bab7fc56048c19d50ca21e8c009024dc9dac2746a9b961db242a1454f0df944bbbbe28a9598878f9392746798aa1db8c69c6d36af64726704f9252ad71e655a02adb6f3e8453ad59a0a45ecd1ea512eedab7867fc50b508c49caa7399f343097f76b2361fb7ac2544f6ab1b745965a8d7e83bb9a1d39a21fa6b4c14e9a800983f5c76fd8de81fcce99f4926e48bdaaaabbe09528a203f5e76dc19982021618f231e37758e8e729968c267390fdd759e0ba88c9492e4ae0ae7512ea389bfc6b64d90eee12c012fe278da80a915da794f6e0`,
        ]),
        // append empty sequence, ModifiedPadding
        sample(65, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`5ba48570aea8cea4f6f76ce4d92a9588a6478e6a6dfb82d26eeeb6319420419eb8553dff3fc9843d01c9c708947a413bef9c5e7beee54a57d3ea9a01a81c7fcac04c4a3f0c7ce17bc8fa7c3e47b03d3be004a2f4340fb8c119d6134981d9933b9510e7b89fbae037809b8e49c429fa9e01ba6af5899f0c2f60666d42a62f4ec1f8e2182e9bca160116bd447e9aba05c9ffe8cbd6f9abf3061679a50d567221c2b808a48f1694188820f7ad07e9883fd67ef7f9f2d78ccd13fd8017d8836101de319d17f05beea9d7b1a2c8b1f7dcdca212d332befce5c0c2a89bd29dfe2bcd6be1dc9600baa0ff970393469ac32996c2710bc3d07763b481b6a713abb9880604`,
        ]),
        // truncated oid, ModifiedPadding
        sample(145, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`14dbd0f32a7fd64ca18913ef840e113d7bdaf22aea671414c9c44de02218b474d6d4867a9a4b6144bc6274deae6f615ddfc54a9e74b4c657187c818781e399798db8e62987a128105086fbcff4d5a06bb43823b1f754e485dc24d9f952d1d4ede9504c92a2511cf51e68eb67db959152ba1700af0e0aed533246d7ce9e0c012eda62d66ab5be82b0ee5fe4863d3c16b59ed6d463c382b25a9c8ace7dbb26b125afaf44bf93edf6a63942b38f40deef43ae354934056917c9af6655872b010b0840403c1cd5c053355fabaa23ba39dd381f4867a2264c476ba67d46767c546ed3ea59488c5500c79cf5e0670ce744c2603e01e7c53f452c22ba15a8c5930c61e1`,
        ]),
        // appending 0's to digest, ModifiedPadding
        sample(193, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`0b7312cc652255319e75a857440a77c01a73de1cc26fe95aa0d6296cb037c79839584b67684f57d3b2959df2bed426eafb6b364ea283674b5bc8ff6f400298781134e56e080b227d47cfa088774ec73f478602c9e4a571ae383a572fa951e8b9ac66e86a532512ceb862339a5050adfe723f1c1e016a3cb944d29ff6d55f9056e6ddce98ee4a80e998f6fa4d535d3f42ebbb2382dcfd5bd4ed179240c2178019e184b957bceec26283575c00a9bc22f8a6ac8dfb99e85657f33a7f52c44e9feaf89ca7fbabfb947032d112dbc99f05badcc995dc012955a7b3169d9956cc091b69051c5f18b1aacaf30653599068d0ab6d380923fcd7b7c8435b88a7344ede84`,
        ]),
        // using composition with indefinite length for digest, BerEncodedPadding
        sample(201, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`7d4c142eabfb72a880070621ef9fcd351129f31664ed11a744cfa209a4199b9293f8b603f1d0672b7a2160b4c620982ee7d2553e46f5056ee8ec2711946566f08d23adbf904ce1ab8d744e6df61c6788b22154ac9a516682e26ec31846b6a5fe8a9a519931ab61a9fd424b2babd883c3410c772b89328df17296b464c8914b31b3ad63d6984d46c772b6b9d791c21d3e3ce0984ccbf7f2902deb0961898e8ef835c658db4aa14387857b6b7ab8b38dd06a4885622abdc3669d37bd953584a3f3d19d2d77115d9bea244a65b7b26faf747aec73e8dfc0bed10a85e4ea6398dbf8d9a10154ed3f1ee51e6b3ead792ed2da838c0a25d0b2ea3190fc33bc9902e579`,
        ]),
        // dropping value of digest, ModifiedPadding
        sample(209, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`321fabda209fa9eb11a555f2d5642274ac93f47dc6b09dc98d870117945e0ec326da4cdd92c9262885387c9660bd5101feeb536bca7de135d517e4c9163672c86e9d47c7ca05e8f6b4d1a472a2a91565029909bc7b007eb39e8d6e6a28c1b80f7c289431b144c99da8264420b8a22ecac431daae7e9627665c64e93c9fd38917d27aefcb74015bf2b4aac0abbf3aa2b1be74e4ea28b4bab05c5181097e50b56e2f3c2143914780ce7b4861dd142b0432f05d23ba926c51a91cd875e7cbea9e65ec7a5d2ef9128eb9857b290314be39b7b9e102f3d3884179ef16fe98fd9ad72e9dfb62a8a5ae81a9f7831159fdc601101d20293ba20042a7736dee9448077c0e`,
        ]),
        // The message is hashed with SHA-1 instead of SHA-256., WrongHash
        sample(217, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`3ec58a94c9495ecec016babf77fa114d78097e484840d82c3cfe7de98d2ee21b499992bfe3a778161e781f89d20745bfd1ea6037c2e7fd67c3f95479315dda5b87fb53badf0b813f28410de6e79a11b351b1668586500917feb44aae0fc18ba6de2bdfb6444d89b9b8b67490c1f2b81e3081e5c5c7c39f4f8f9bca2ae2a9246465610a9e6a5a67162a3a40857fea59e128f21903afa9143bff67df9679918a0f5c7288af9154f096c03a13601db5724356131051ce39037c6b870bfca5198cb9385137b7cf5383630b459cc6132b7ac611d13712f91b2911b9f8526e02a8c61acb7d184a7c6d86d6246cdc6bd13174b6969e5033bb90c4abaa907968edeec362`,
        ]),
        // The algorithm encoded in the padding is SHA-512 instead of SHA-256., WrongHash
        sample(222, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`628db8142e4a89ace83835d484ff84f40e70a0983fc97ad5874c2bf78361ae02f925b41e6af645c0c5d99c3e59929146b3e6de62070cd03be2eaaf760874ca6879b6cd695050bdb8a6c0aff0785918d3b83d214bc1ae73e3207f9dc7ac550cda509dbceb5309658fc52cd1873d747df01ba52a28b09ab4c0eddeab6108e3b75740a80369c0a3296d3514af9a966c5edc9127b88797279291f1dcd3da2a512601880d2ca98cb20d512c0426140f30c11dcf49e769529a72270542501961a5fd3fbde56af7d85bce7521160a95e5388d941fec7a0f312ef9efc8382676735a6ece2d31716e1cde8bcc86063741457644e0a47474f5aac76c618fc960dd9c6d3f29`,
        ]),
        // The algorithm encoded in the padding is SHA-512/256 instead of SHA-256., WrongHash
        sample(234, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`975542413ea1a6e5068cc59402da62102f5c33efa4203f42d7939a03589191b33d3960c7a438c9ff6e73a67212972bd549ba3e025df8cf9db5575286c9f28783b08fae71d8c2463bd021493280dac99bbd3574c3674c64e4d5b16d8b5028697654b2554959a24172768db7127234aa3bddccb9c2efef4e5a04018cfe593d8f3e19a5e1c9db980f6fde9f0361a41a31729dbe5c3b7dc655ccb6eb70b2dcd18569effb9f8fee88edca800ff0b726c8a5c1e44768f8deae687e4763f1e6d14ee553b977d5df8729a719543646e5709e1f38589f1ed1a390ae495c254680d91c5ec0a7c56c78a5be3ff42e696cde45fc614e52c4eba25b3efb91577920c9c0879ee5`,
        ]),
        // The message is not hashed., NoHash
        sample(237, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`a0bdd0081c1e7680839c646417b69a6fee16c94cf7746ac21ab410ef83a78a53f5b0a51afaa2e4a1ee9b44970dc3e8229712aadcd4cb2b92684e2592379b581b2aadfb3c4781f543d8b80625a07507c2ddf47937a27e05044c36c70ef091cfa1fa9f2fc552a9ee1eec07dfec597de11ca1a67ba4829a0f620828cdd424a079258dcdb39986157dd48d2ca214f10333c6c2b73593c3c72c0b22a4d374899e949313523ab9f2218a03d5f06ff0dde49e8778a076e3f9938be7179ae90b4b068b04fa507a842c7966d739def7a22ed70901d5e8c79b8df7498fb684fdfcee8c49627a38608434eabc03eed78d935d34830fc3248c90d62d743fcb1f633914f7ccb5`,
        ]),
        // empty padding: 000001ff...ff, InvalidPadding
        sample(241, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`5265cc0bc2994df71c4309847be0c55d8d08625ca88dff4143c91edd21e0bc807e99c217c79a0c09b5ff8bfcacf184d80ab05b0432561d7d05ba4d36af664d4e5209ab353e5927c153c5636b2c2c6b12e20229784745ac6096ec929e7487b0bc039d66db6c12ae1852c96a2bed13281f8f5a3bd62ac69b68bbe714d4ce1a33016ebd3aefecfa318615a67d693f99fe87b76ec6aaa16caea9de072d6f45cf37bf398ba26a0223b3c8beb293914de241abd62c27a7ce0eb663e93604150fa7653f56adad0919aa6fd2e7c72aed43e68603551c299e9e2f5f84d13d5d1f71e76ae4f327b964d18600a9b972bf9a15a3f5792cd54fc198e6fc4a7c13a42cb7e78cce`,
        ]),
        // the signature is not reduced, SignatureMalleability
        sample(245, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`cbaa8c11633469333a628d32e51af55ab1e1e55f0ba468446f532b1766924a05b9d0b5702493b949535330caae75d6d874b5bd24addc6515b1fc81a6c62f6ae3cd09fdbb1fa3c609600d668e2c1b711bc8509171a99ac6284e4f27cb638a7cfc46ab9054b296c0d3edbe5f7b199f977fcc3be1065bdab6d2976453a3be3e714dbd61c56fcf0472bcda6a08a05511aa0e19896adea8b76e8c9cf397f97e470cc722557c0c02dbc7595bf9a6bbed8ef1035c4808b673b5583caa82bab3f9a6cb08e8690f2d820e724e17e1799eebce40990663d9e1404a9deed8731d808dcbe4ca5ad828a1386a8f4a4745d77777bae65cdb393763d8c176151574b03f3b3b38a8`,
        ]),
        // the signature is 2 bytes too long, SignatureMalleability
        sample(246, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`51a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d50000`,
        ]),
        // the signature is empty, InvalidSignature
        sample(247, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex``,
        ]),
        // the signature has value 1, InvalidSignature
        sample(249, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001`,
        ]),
        // the signature has value n, InvalidSignature
        sample(252, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
        ]),
        // the signature has value n+1, InvalidSignature
        sample(253, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d6`,
        ]),
        // RSASSA-PSS signature, WrongPrimitive
        sample(255, false, [
            hex`a2b451a07d0aa5f96e455671513550514a8a5b462ebef717094fa1fee82224e637f9746d3f7cafd31878d80325b6ef5a1700f65903b469429e89d6eac8845097b5ab393189db92512ed8a7711a1253facd20f79c15e8247f3d3e42e46e48c98e254a2fe9765313a03eff8f17e1a029397a1fa26a8dce26f490ed81299615d9814c22da610428e09c7d9658594266f5c021d0fceca08d945a12be82de4d1ece6b4c03145b5d3495d4ed5411eb878daf05fd7afc3e09ada0f1126422f590975a1969816f48698bcbba1b4d9cae79d460d8f9f85e7975005d9bc22c4e5ac0f7c1a45d12569a62807d3b9a02e5a530e773066f453d1f5b4c2e9cf7820283f742b9d5`,
            hex`010001`,
            hex`bb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023`,
            hex`5e91b5dcbf02d6f19621d41a83dc8f15ea83c0edb83765ef029b0acac2e1ec8918b1d2afe1fadf11c48d27594cb9c01fed79d90e5d5a8085c438450111aa7d9fa39c2345b14fc3c2cb34128f86db5eb00bdf8dfe38d61f29a41fe31342e7aaefcb4b122eb5d63c2f5c263c8df8450e9428ffef974d535818d51dc03a7d60c8b2d16c999ae46d73ab40515fe601d9b89b1d09c6d60cd51639a97c1d211e097609ba5e8c319c6fbd21b34a634ec8fb8971c5aae21c70b847a4539cc10dc314ddd8a9629e8a0e51c66c0cb61fd1f7228c01c6769190abe9bac9a3897800050014358594e0fb20dbb458b12aa1346826cc9f7e9c5352b073d62853dafe77c848cb1f`,
        ]),
        // small signature, SmallSignature, SmallPublicKey
        sample(258, false, [
            hex`90a5d7aba2c8dc828e616fc1fc45c7c52130c8589dcbe2913da187572f6c23217b89a5186b6f90cbe053abfb0885a91f141dbe106ce6ad303904a5941df26ced10478cb56a7bd6cf1313c4966d9cf7c4509d9dc63566aa323e110af219f3398c04e79bb486de8703793473136f5c9051af24bd2c0208ea1bf9321a3e8f24af00aaca1216842eab248d58cf46ac786c49fd3ca8557e9b53993a4b9718cdc5c474bf1cfe58c07ad97b2c5acb7d86accc0fc7bed147adb2e77b8697d80150948117714b806ff76f9d88147d84e93987b724bf4870429e85a7a7b51486a78d8a88f1688f60e215d43d06221e2b993b5c12a607b80e9e0122472b29945f76b55737c1`,
            hex`03`,
            hex`9385aabddf6b3fe60d2955cb9303e9354b775e8fab2f95cb72ecf3553c64633a`,
            hex`00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000989e7ff72e67e680bd21d5f966e4ad8a48c3592dbacc4a2f035b4ef4d17a2f25f8a9fef7e78eb99d76d68629ed02d67c43c4b7ec8c3badc32e3d0a524c326537739b0fde156723b27c23ae2b09895e470c64d700f5c`,
        ]),
    ]
}

/** Of x25519_test.json. Fields: scalar, public key, shared secret. */
export function x25519Samples(): Sample[] {
    return [
        // normal case, Normal
        sample(1, true, [
            hex`c8a9d5a91091ad851c668b0736c1c9a02936c0d3ad62670858088047ba057475`,
            hex`504a36999f489cd2fdbc08baff3d88fa00569ba986cba22548ffde80f9806829`,
            hex`436a2c040cf45fea9b29a0cb81b1f41458f863d0d61b453d0a982720d6d61320`,
        ]),
        // public key on twist, Twist
        sample(2, true, [
            hex`d85d8c061a50804ac488ad774ac716c3f5ba714b2712e048491379a500211958`,
            hex`63aa40c6e38346c5caf23a6df0a5e6c80889a08647e551b3563449befcfc9733`,
            hex`279df67a7c4611db4708a0e8282b195e5ac0ed6f4b2f292c6fbd0acac30d1332`,
        ]),
        // public key on twist, Twist, SpecialPublicKey
        sample(7, true, [
            hex`d03edde9f3e7b799045f9ac3793d4a9277dadeadc41bec0290f81f744f73775f`,
            hex`0200000000000000000000000000000000000000000000000000000000000000`,
            hex`b87a1722cc6c1e2feecb54e97abd5a22acc27616f78f6e315fd2b73d9f221e57`,
        ]),
        // public key = 0, SmallPublicKey, LowOrderPublic, SpecialPublicKey, ZeroSharedSecret
        sample(32, false, [
            hex`88227494038f2bb811d47805bcdf04a2ac585ada7f2f23389bfd4658f9ddd45e`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // public key = 1, SmallPublicKey, LowOrderPublic, SpecialPublicKey, ZeroSharedSecret
        sample(33, false, [
            hex`48232e8972b61c7e61930eb9450b5070eae1c670475685541f0476217e48184f`,
            hex`0100000000000000000000000000000000000000000000000000000000000000`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // edge case public key, SpecialPublicKey
        sample(34, true, [
            hex`a8386f7f16c50731d64f82e6a170b142a4e34f31fd7768fcb8902925e7d1e25a`,
            hex`0400000000000000000000000000000000000000000000000000000000000000`,
            hex`34b7e4fa53264420d9f943d15513902342b386b172a0b0b7c8b8f2dd3d669f59`,
        ]),
        // public key with low order, LowOrderPublic, SpecialPublicKey, ZeroSharedSecret
        sample(63, false, [
            hex`e0f978dfcd3a8f1a5093418de54136a584c20b7b349afdf6c0520886f95b1272`,
            hex`e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // public key with low order, LowOrderPublic, Twist, SpecialPublicKey, ZeroSharedSecret
        sample(65, false, [
            hex`c8fe0df92ae68a03023fc0c9adb9557d31be7feed0d3ab36c558143daf4dbb40`,
            hex`ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // public key with low order, LowOrderPublic, NonCanonicalPublic, SpecialPublicKey, ZeroSharedSecret
        sample(67, false, [
            hex`b85649d5120e01e8ccaf7b2fb8d81b62e8ad6f3d5c0553fdde1906cb9d79c050`,
            hex`5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // public key with low order, LowOrderPublic, NonCanonicalPublic, SpecialPublicKey, ZeroSharedSecret, Twist
        sample(68, false, [
            hex`2064b2f4c9dc97ec7cf58932fdfa3265ba6ea4d11f0259b8efc8afb35db88c48`,
            hex`ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // public key == 0, SmallPublicKey, LowOrderPublic, NonCanonicalPublic, SpecialPublicKey, ZeroSharedSecret
        sample(84, false, [
            hex`7887889bac4c629a101d3724f2ed8b98d936fde79e1a1f77d86779626bf8f263`,
            hex`0000000000000000000000000000000000000000000000000000000000000080`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // public key == 1, SmallPublicKey, LowOrderPublic, NonCanonicalPublic, SpecialPublicKey, ZeroSharedSecret
        sample(85, false, [
            hex`584fceaebae944bfe93b2e0d0a575f706ce5ada1da2b1311c3b421f9186c7a6f`,
            hex`eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // non-canonical public key, NonCanonicalPublic, Twist, SpecialPublicKey
        sample(87, true, [
            hex`0016b62af5cabde8c40938ebf2108e05d27fa0533ed85d70015ad4ad39762d54`,
            hex`efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
            hex`b4d10e832714972f96bd3382e4d082a21a8333a16315b3ffb536061d2482360d`,
        ]),
        // non-canonical public key, NonCanonicalPublic, SpecialPublicKey
        sample(89, true, [
            hex`88dd14e2711ebd0b0026c651264ca965e7e3da5082789fbab7e24425e7b4377e`,
            hex`f1ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f`,
            hex`6919992d6a591e77b3f2bacbd74caf3aea4be4802b18b2bc07eb09ade3ad6662`,
        ]),
        // non-canonical public key, NonCanonicalPublic, SpecialPublicKey, Twist
        sample(95, true, [
            hex`c8e0330ae9dceeff887fba761225879a4bd2e0db08799244136e4721b2c88970`,
            hex`dbffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff`,
            hex`dfe60831c9f4f96c816e51048804dbdc27795d760eced75ef575cbe3b464054b`,
        ]),
        // RFC 7748, Ktv
        sample(100, true, [
            hex`a046e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449a44`,
            hex`e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c`,
            hex`c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552`,
        ]),
        // RFC 7748, Ktv, Twist
        sample(101, true, [
            hex`4866e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba4d`,
            hex`e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413`,
            hex`95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957`,
        ]),
        // edge case for shared secret, EdgeCaseShared, Twist
        sample(103, true, [
            hex`60a3a4f130b98a5be4b1cedb7cb85584a3520e142d474dc9ccb909a073a9767f`,
            hex`b7b6d39c765cb60c0c8542f4f3952ffb51d3002d4aeb9f8ff988b192043e6d0a`,
            hex`0200000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // edge case for shared secret, EdgeCaseShared
        sample(104, true, [
            hex`60a3a4f130b98a5be4b1cedb7cb85584a3520e142d474dc9ccb909a073a9767f`,
            hex`3b18df1e50b899ebd588c3161cbd3bf98ebcc2c1f7df53b811bd0e91b4d5153d`,
            hex`0900000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // special case public key, EdgeCaseMultiplication, SmallPublicKey, LowOrderPublic, ZeroSharedSecret
        sample(117, false, [
            hex`c8d07c46bbfb827753b92c70e49583ce8bfa44641a7382258ea903d6a832c96b`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // special case public key, EdgeCaseMultiplication, Twist
        sample(119, true, [
            hex`e0a8be63315c4f0f0a3fee607f44d30a55be63f09561d9af93e0a1c9cf0ed751`,
            hex`0200000000000000000000000000000000000000000000000000000000000000`,
            hex`0c50ac2bfb6815b47d0734c5981379882a24a2de6166853c735329d978baee4d`,
        ]),
        // D = 0 in multiplication by 2, EdgeCaseMultiplication, LowOrderPublic, ZeroSharedSecret
        sample(165, false, [
            hex`5891c9272cf9a197735b701e5715268d36d7436b7e351a3e997a0862e4807d4d`,
            hex`e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800`,
            hex`0000000000000000000000000000000000000000000000000000000000000000`,
        ]),
        // private key == -1 (mod order), EdgeCasePrivateKey
        sample(511, true, [
            hex`a023cdd083ef5bb82f10d62e59e15a6800000000000000000000000000000050`,
            hex`6c05871352a451dbe182ed5e6ba554f2034456ffe041a054ff9cc56b8e946376`,
            hex`6c05871352a451dbe182ed5e6ba554f2034456ffe041a054ff9cc56b8e946376`,
        ]),
        // special case private key, EdgeCasePrivateKey
        sample(513, true, [
            hex`4855555555555555555555555555555555555555555555555555555555555555`,
            hex`3e3e7708ef72a6dd78d858025089765b1c30a19715ac19e8d917067d208e0666`,
            hex`63ef7d1c586476ec78bb7f747e321e01102166bf967a9ea9ba9741f49d439510`,
        ]),
    ]
}
