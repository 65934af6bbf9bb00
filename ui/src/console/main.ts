import { mount } from 'svelte'
import '../look/look'
import { language, speak } from '../words/words.svelte'
import Console from './Console.svelte'

speak(language())
mount(Console, { target: document.getElementById('page')! })
